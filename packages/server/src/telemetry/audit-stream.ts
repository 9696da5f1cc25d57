import type { Writable } from 'node:stream';
import { bounds } from '../bounds.js';
import type { AuditSink, AuditSinkSettings } from './audit-sink.js';
import { AuditTrouble } from './audit-trouble.js';

/** Audit lines into a stream of the caller's. What it does not take in time is lost and counted, never piled up. */
export class AuditStream implements AuditSink {
  readonly #stream: Writable;
  readonly #settings: AuditSinkSettings;
  readonly #trouble: AuditTrouble;
  readonly #onError = (error: Error): void => this.#trouble.tell(error);
  #lost = 0;

  constructor(stream: Writable, settings: AuditSinkSettings) {
    this.#stream = stream;
    this.#settings = settings;
    this.#trouble = new AuditTrouble(settings.logger, settings.now, undefined);
    stream.on('error', this.#onError);
  }

  write(line: string): void {
    const stream = this.#stream;
    if (!stream.writable || stream.writableLength + line.length > bounds.auditBuffer) {
      this.#lost += 1;
      this.#trouble.tell(
        new Error(stream.writable ? 'the stream does not take it fast enough' : 'the stream has ended'),
      );
      return;
    }
    if (this.#lost > 0) {
      stream.write(this.#settings.lost(this.#lost));
      this.#trouble.over(this.#lost);
      this.#lost = 0;
    }
    stream.write(line);
  }

  async close(): Promise<void> {
    const stream = this.#stream;
    // The callback comes with the error, too, when it fails.
    if (stream.writable) await new Promise<void>((resolve) => void stream.write('', () => resolve()));
    stream.off('error', this.#onError);
  }
}
