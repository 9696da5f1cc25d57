const binds = 'binds the client: a case for clients observes it, or nothing does';
const judged = 'what a program makes of it inside does not show on the wire';
const operators =
  'depends on what the operator of the server has configured, which is not known from outside';

/**
 * Rules that no case observes, each with the reason. A test says when one of them has got a case, and when a rule is
 * neither here nor observed.
 */
export const notObservable: Readonly<Record<string, string>> = {
  'FX-2.1-1': 'what TCP does; the default port shows only where a server was started with it',
  'FX-2.1-4': binds,
  'FX-2.1-5': operators,
  'FX-2.1-6': 'inside TLS, which this version of the suite does not speak',
  'FX-2.2-1': binds,
  'FX-2.2-2': binds,
  'FX-2.2-3': binds,
  'FX-2.2-4': binds,
  'FX-2.2-5': binds,
  'FX-3.1-2': binds,
  'FX-5.2-4': judged,
  'FX-6.2-10': operators,
  'FX-6.3-2': 'no mechanism of FileX/1 has a second step',
  'FX-6.3-4': binds,
  'FX-6.3-5': binds,
  'FX-7.2-3': binds,
  'FX-7.3-4': binds,
  'FX-7.3-5': 'whether a retry would succeed cannot be known from outside',
  'FX-8.3-4': 'durability shows only when the power is cut',
  'FX-8.4-2': binds,
  'FX-9.3-1': binds,
  'FX-9.3-2': binds,
  'FX-10.2-7': binds,
  'FX-12.1-1': 'needs two principals, and ANONYMOUS has one',
  'FX-12.1-5': binds,
  'FX-12.2-5': 'durability shows only when the power is cut',
  'FX-12.2-7': binds,
  'FX-12.3-7': binds,
  'FX-12.4-5': binds,
  'FX-13.2-2': 'whether bytes were stored before their credit came back cannot be seen from outside',
  'FX-14.1-3': 'what comparing takes is less than what the network does',
  'FX-15.1-9': 'nobody can make a symlink by this protocol',
  'FX-16.1-3': 'a defect that is told as INTERNAL cannot be brought about from outside',
  'FX-17.1-3': judged,
  'FX-17.2-3': 'the server would have to be stopped while the suite runs',
  'FX-19.1-3': 'memory cannot be seen from outside',
  'FX-19.1-4': operators,
  'FX-20.1-3': 'binds those who write the next version',
  'FX-21.1-1': judged,
  'FX-21.1-2': 'memory cannot be seen from outside',
  'FX-21.1-4': binds,
  'FX-21.1-5': 'good randomness cannot be told from bad by looking at a little of it',
};
