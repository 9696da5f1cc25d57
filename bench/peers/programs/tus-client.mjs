// node tus-client.mjs FILE NAME PORT
import { createReadStream, statSync } from 'node:fs';
import { Upload } from 'tus-js-client';

const [file, filename, port] = process.argv.slice(2);
await new Promise((resolve, reject) => {
  new Upload(createReadStream(file, { highWaterMark: 2 ** 20 }), {
    endpoint: `http://127.0.0.1:${port}/files`,
    uploadSize: statSync(file).size,
    chunkSize: Number.POSITIVE_INFINITY,
    metadata: { filename },
    retryDelays: [],
    onSuccess: resolve,
    onError: reject,
  }).start();
});
