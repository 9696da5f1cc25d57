// node idle-clients.mjs URL COUNT: connects so often, logs in as anonymous, and does nothing until it is ended. Prints
// {"open":COUNT} when all are connected.
import { connect } from '@filex/protocol/node';

/** Connections that are being made at once. */
const AT_ONCE = 32;

const [url, count] = process.argv.slice(2);
const sessions = [];
let begun = 0;
const lane = async () => {
  while (begun < Number(count)) {
    begun += 1;
    sessions.push(await connect(url));
  }
};
await Promise.all(Array.from({ length: AT_ONCE }, lane));
console.log(JSON.stringify({ open: sessions.length }));
process.on('SIGTERM', () => process.exit(0));
