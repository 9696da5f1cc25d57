const judged = 'what a program makes of it inside does not show on the wire';
const operators =
  'depends on what the operator of the server has configured, which is not known from outside';

/**
 * Rules that no case observes, each with the reason. A test says when one of them has got a case, and when a rule is
 * neither here nor observed.
 */
export const notObservable: Readonly<Record<string, string>> = {
  'FX-2.1-1': 'what TCP does; the default port shows only where a server was started with it',
  'FX-7.3-5': 'whether a retry would succeed cannot be known from outside',
  'FX-8.3-4': 'durability shows only when the power is cut',
  'FX-8.5-7': 'who checks a receipt does so without the wire',
  'FX-11.2-10': 'a client can be asked for nothing that needs it',
  'FX-12.2-5': 'durability shows only when the power is cut',
  'FX-12.3-8': 'the order of a commit shows only when the server crashes in the middle of it',
  'FX-14.1-3': 'what comparing takes is less than what the network does',
  'FX-15.1-9': 'nobody can make a symlink by this protocol',
  'FX-16.1-3': 'a defect that is told as INTERNAL cannot be brought about from outside',
  'FX-17.1-3': judged,
  'FX-19.1-3': 'memory cannot be seen from outside',
  'FX-19.1-4': operators,
  'FX-20.1-3': 'binds those who write the next version',
  'FX-21.1-2': 'memory cannot be seen from outside',
};
