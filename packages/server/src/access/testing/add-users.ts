/** A program that adds users to a file, one after the other, when it is told to. */
import { changeUsers } from '../change-users.js';
import { anyUser } from './users.js';

const [path = '', ...names] = process.argv.slice(2);
const user = await anyUser();
process.send?.('ready');
await new Promise((resolve) => process.once('message', resolve));
for (const name of names) await changeUsers(path, (users) => void users.set(name, user));
process.disconnect();
