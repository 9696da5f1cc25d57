// node uploading-clients.mjs URL FILE FIRST COUNT: as many clients, each with a connection of its own, that all upload FILE
// at once, as client-FIRST.bin and so on. They are one process, since it is the memory of the server that is looked at.
import { connect } from '@filex/protocol/node';

const [url, file, first, count] = process.argv.slice(2);

async function upload(number) {
  const session = await connect(url);
  await session.upload(file, `client-${number}.bin`);
  await session.close();
}

await Promise.all(Array.from({ length: Number(count) }, (_, i) => upload(Number(first) + i)));
