// FileX in a program of your own. Start a server (npx filex-server ./share), then, with the address and the passcode that it
// has printed: FILEX_PASSCODE=… node own-app.mjs URL [FILE]
import { connect } from '@filex/protocol/node';

const [url = 'filex://127.0.0.1/', file = import.meta.filename] = process.argv.slice(2);
const session = await connect(url, { passcode: process.env.FILEX_PASSCODE });
try {
  // From a path, bytes, or anything that yields bytes. It will be there whole, verified and durable, or not at all.
  const sent = await session.upload(file, 'from my app', {
    ifExists: 'rename',
    onProgress: ({ acknowledged, total }) => console.log(`stored ${acknowledged} of ${total} bytes`),
  });
  console.log(`${sent.outcome} ${sent.path}: ${sent.algorithm} ${sent.digest}`);

  for await (const entry of session.list()) console.log(`${entry.kind} ${entry.path}, ${entry.size} bytes`);

  // To a path, a writable or a sink; `read` gives an async iterable. The name appears when the digest was right.
  const got = await session.download(sent.path, 'downloaded by my app', { ifExists: 'overwrite' });
  console.log(`${got.outcome} ${got.path}, ${got.size} bytes`);
} finally {
  await session.close();
}
