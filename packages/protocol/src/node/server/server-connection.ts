import type { ConnectionEvent, Negotiated } from '../../connection.js';
import { FilexError } from '../../errors.js';
import type { Limits } from '../../limits.js';
import type { DigestAlgorithm } from '../../vocabulary.js';
import type { HashFactory } from '../../wire/digest.js';
import { offeredMechanisms } from '../auth/server-authentication.js';
import { Driver, type DriverOwner } from '../driver.js';
import type { Slab } from '../slab-pool.js';
import type { Accounts, Handler, Peer, ServeEvent, ServeOptions } from '../types.js';
import { UnderWay } from '../under-way.js';
import { workSlices } from '../work-slices.js';
import { answerCall } from './answered-call.js';
import type { CreditBudget } from './credit-budget.js';
import { DigestTurns } from './digest-turns.js';
import { EndSignal } from './end-signal.js';
import { EndingListener } from './ending-listener.js';
import { floodGuard } from './flood-guard.js';
import { detailFor, handlerError } from './handler-error.js';
import { receiveUpload } from './incoming-upload.js';
import { limitError, limitOf } from './limit-error.js';
import { Login } from './login.js';
import type { LoginGuard } from './login-guard.js';
import { mayGrow } from './may-grow.js';
import { cancelled, type OperationRun, type RunningOperation, type Success } from './operation.js';
import { sendDigest } from './outgoing-digest.js';
import { sendDownload } from './outgoing-download.js';
import { sendListing } from './outgoing-listing.js';
import { hexOf } from './remembered-upload.js';
import { RunningContext } from './running-context.js';
import type { ServerLimits } from './server-limits.js';
import { TransferWatch } from './transfer-watch.js';
import type { UploadRegistry } from './upload-registry.js';
import { sendWhole } from './whole-download.js';
import { receiveWhole } from './whole-upload.js';

export interface ServerConnectionOptions {
  readonly number: number;
  /** `address:port` of the client. */
  readonly address: string;
  readonly handler: Handler;
  /** What of that is counted together. */
  readonly group: string;
  readonly limits: Limits;
  readonly serverLimits: ServerLimits;
  readonly hashes: ReadonlyMap<DigestAlgorithm, HashFactory>;
  readonly agent: string;
  readonly budget: CreditBudget;
  readonly uploads: UploadRegistry;
  readonly logins: LoginGuard;
  readonly accounts: Accounts | undefined;
  readonly receipts: ServeOptions['receipts'];
  /** Whether clients may do without a name. */
  readonly anonymous: boolean;
  /** Under TLS: what binds authentication to its session. */
  readonly exporter: Uint8Array | undefined;
  /** When it was accepted, by the clock of the driver. */
  readonly acceptedAt: number;
  /** Bytes that came and went over the transport so far. */
  readonly transferred: () => { readonly received: number; readonly sent: number };
  /** Takes a place, and the credit that a connection starts with, for one that has logged in; returns why there is none. */
  readonly admit: () => FilexError | undefined;
  readonly onEvent: (event: ServeEvent) => void;
  readonly onClosed: () => void;
}

type Open = Extract<ConnectionEvent, { type: 'open' }>;

/** An operation, and when it was asked for. */
interface Asked {
  readonly open: Open;
  readonly at: number;
}

/** The server's end of one connection: starts what the client asks for and tells what came of it. */
export class ServerConnection implements DriverOwner {
  readonly driver: Driver;
  readonly #options: ServerConnectionOptions;
  readonly #running = new UnderWay();
  /** Until somebody has logged in; then it is in the way of nothing but memory. */
  #login: Login | undefined;
  /** Made by the first operation: of many connections that are idle each has to be small. */
  #watched: TransferWatch | undefined;
  #digestTurns: DigestTurns | undefined;
  #peer: Peer | undefined;
  /** What the client logs in with. */
  #mechanism = '';
  /** Whether there is nobody left to let in. */
  #isLost = false;
  /** How many it has begun. */
  #operations = 0;
  /** What is to be done when everything that was read together has been handed out. */
  readonly #afterReads: (() => void)[] = [];
  /** Bytes of the budget that were taken for this connection to begin with … */
  #promised = 0;
  /** … and as it grew. */
  #grown = 0;

  constructor(options: ServerConnectionOptions) {
    this.#options = options;
    const { limits, hashes, agent, budget, acceptedAt } = options;
    this.driver = new Driver(
      {
        now: acceptedAt,
        role: 'server',
        limits,
        agent,
        digests: [...hashes.keys()],
        mechanisms: offeredMechanisms(options),
        excess: floodGuard(options.serverLimits),
        reserveCredit: (bytes, use) => {
          if (!mayGrow(use) || !budget.grow(bytes, use)) return false;
          this.#grown += bytes;
          return true;
        },
      },
      this,
    );
    const transcript = (): Uint8Array => this.driver.connection.helloTranscript as Uint8Array;
    const deadline = acceptedAt + limits.handshakeTimeout;
    this.#login = new Login({ ...options, transcript, deadline });
  }

  /** Who it is, while it is logged in. */
  get peer(): Peer | undefined {
    return this.driver.connection.state === 'closed' ? undefined : this.#peer;
  }

  /** Takes what the socket read. */
  onRead(bytes: Uint8Array, slab: Slab): void {
    const { serverLimits, transferred } = this.#options;
    const { maxHandshakeBytes } = serverLimits;
    if (this.#peer === undefined && transferred().received > maxHandshakeBytes) {
      const words = `more than ${maxHandshakeBytes} bytes came, and nobody has logged in`;
      this.driver.abort(limitError('maxHandshakeBytes', 'RATE_LIMITED', words));
      return;
    }
    this.driver.onRead(bytes, slab);
  }

  /** Lets what runs finish and takes nothing new. */
  shutdown(): void {
    this.driver.shutdown('the server is shutting down');
  }

  /** Resolves when every handler that was started has finished. */
  settled(): Promise<void> {
    return this.#running.idle();
  }

  onNegotiated(): void {
    // The client speaks next.
  }

  onAuth(mechanism: string | undefined, data: Uint8Array | undefined): void {
    this.#mechanism ||= mechanism ?? '';
    // What fails here must end this connection, not the process.
    this.#authenticate(mechanism, data).catch((cause: unknown) => {
      this.driver.abort(new FilexError('INTERNAL', 'the login failed for a reason of the server', { cause }));
    });
  }

  async #authenticate(mechanism: string | undefined, data: Uint8Array | undefined): Promise<void> {
    const answer = await this.#login?.take(mechanism, data);
    if (answer === undefined) return;
    const { connection } = this.driver;
    if (connection.state !== 'authenticating') return; // Lost meanwhile.
    if (answer.step === 'refusal') return this.driver.abort(answer.error);
    if (answer.step === 'failure') {
      const { user, reason } = answer;
      this.#options.onEvent({ type: 'login failure', address: this.#options.address, user, reason });
      // The same words for a wrong passcode and for a user there is not.
      this.driver.abort(new FilexError('AUTH_FAILED', 'the user name or the passcode is wrong'));
      return;
    }
    if (answer.step === 'continue') connection.challenge(answer.data);
    else {
      // It has given back what it had, or is about to: what it took now would never come back.
      if (this.#isLost) return;
      const full = this.#options.admit();
      if (full !== undefined) return this.driver.abort(full);
      this.#promised = this.#options.limits.initialConnectionWindow;
      connection.authenticated(answer.principal, answer.data);
    }
    this.driver.schedule();
  }

  onReady(principal: string): void {
    const { number, address, exporter, onEvent } = this.#options;
    const { agent } = this.driver.connection.negotiated as Negotiated;
    const secure = exporter !== undefined;
    this.#login = undefined;
    this.#peer = { connection: number, address, principal, agent, secure, mechanism: this.#mechanism };
    onEvent({ type: 'connection', peer: this.#peer });
  }

  onOpen(open: Open): void {
    this.#operations += 1;
    const asked: Asked = { open, at: Driver.now() };
    if (this.#mayBeWhole(open) && !workSlices.resting) this.#beginWhole(asked);
    else this.#begin(asked);
  }

  #mayBeWhole({ request: { operation, path } }: Open): boolean {
    const { handler, serverLimits } = this.#options;
    const isAsked = operation === 'download' && handler.downloadWhole !== undefined;
    return isAsked && isWithinDepth(path, serverLimits.maxPathDepth);
  }

  /** Sends a small file in one go, when there is time for it; what cannot be sent so begins like anything else. */
  #beginWhole(asked: Asked): void {
    const { stream, request } = asked.open;
    let isOver = false;
    const work = (): void => {
      if (isOver) return;
      const success = sendWhole(this.#runOf(asked.open, new EndSignal()));
      if (success === undefined) this.#begin(asked);
      else this.#end(asked, this.#succeed(stream, success));
    };
    if (workSlices.run(work)) return;
    const giveUp = (error: FilexError): void => {
      isOver = true;
      this.#end(asked, this.#fail(stream, error));
    };
    this.driver.listen(stream, {
      onEvent: (event) => {
        if (event.type === 'reset') giveUp(cancelled(request.path));
      },
      onLost: giveUp,
    });
  }

  #begin(asked: Asked): void {
    const { open } = asked;
    this.#running.begin();
    const running = this.#perform(open, new EndSignal())
      .then(
        (success) => this.#succeed(open.stream, success),
        (error: unknown) => this.#fail(open.stream, handlerError(error)),
      )
      .then((told) => this.#end(asked, told));
    const done = (): void => this.#running.end();
    running.then(done, done);
  }

  /** The last word on it was said. */
  #end({ open, at }: Asked, told: Told): void {
    this.driver.forget(open.stream);
    this.driver.schedule();
    const { operation, path } = open.request;
    // On the wire what is not said is the root, which nothing can be renamed to.
    const target = operation === 'rename' ? open.request.target : told.movedTo;
    const { code, message, limit, outcome, bytes, digest, algorithm } = told;
    this.#options.onEvent({
      type: 'operation',
      peer: this.#peer as Peer,
      operation,
      operationId: hexOf(open.request.operationId),
      path,
      target,
      code,
      message,
      limit,
      outcome,
      bytes,
      digest,
      algorithm,
      duration: Driver.now() - at,
    });
  }

  #runOf({ stream, request }: Open, end: EndSignal): OperationRun {
    const { handler, hashes, uploads, receipts, serverLimits } = this.#options;
    const { algorithm, digests } = this.driver.connection.negotiated as Negotiated;
    this.#digestTurns ??= new DigestTurns(serverLimits.maxDigests);
    return {
      driver: this.driver,
      stream,
      request,
      handler,
      uploads,
      receipts,
      digestTurns: this.#digestTurns,
      maxListingEntries: serverLimits.maxListingEntries,
      context: new RunningContext(this.#peer as Peer, hexOf(request.operationId), end),
      afterRead: (task) => this.#afterRead(task),
      watch: (transfer) => this.#watch.add(transfer),
      algorithm,
      // One that the client has not listed would be a favour that other servers do not do (FX-7.2-6).
      hashOf: (asked) => (digests.includes(asked) ? hashes.get(asked) : undefined),
    };
  }

  async #perform(open: Open, end: EndSignal): Promise<Success> {
    const { stream, request } = open;
    const { maxPathDepth } = this.#options.serverLimits;
    checkDepth(request.path, maxPathDepth);
    if (request.target !== undefined) checkDepth(request.target, maxPathDepth);
    const { listener, done, transfer } = start(this.#runOf(open, end));
    const ended = transfer && this.#watch.add(transfer);
    this.driver.listen(stream, new EndingListener(listener, end));
    try {
      return await done;
    } finally {
      ended?.();
    }
  }

  get #watch(): TransferWatch {
    this.#watched ??= new TransferWatch(this.driver, this.#options.serverLimits);
    return this.#watched;
  }

  #afterRead(task: () => void): void {
    this.#afterReads.push(task);
    if (this.#afterReads.length > 1) return;
    setImmediate(() => {
      for (const each of this.#afterReads.splice(0)) each();
    });
  }

  #succeed(stream: number, success: Success): Told {
    const { outcome, path, etag, entry, receipt, answer, bytes, digest, algorithm } = success;
    const { connection } = this.driver;
    const effect = outcome === 'read' || outcome === 'identical' ? 'none' : 'applied';
    // Nobody is left to tell when the connection is gone; the log is told all the same.
    if (connection.allows(stream, 'R_SUCCESS')) {
      try {
        connection.result(stream, {
          status: 'OK',
          effect,
          outcome,
          path,
          etag,
          entry,
          receipt,
          digest: answer,
        });
      } catch (cause) {
        // What the handler answered cannot be said on the wire. Said nothing, the client would wait for ever.
        const message = `the answer of the server is not a valid one: ${FilexError.from(cause).message}`;
        return this.#fail(stream, new FilexError('INTERNAL', message, { effect, cause }));
      }
    }
    return {
      code: 'OK',
      message: undefined,
      limit: undefined,
      outcome,
      bytes,
      digest,
      algorithm,
      movedTo: path,
    };
  }

  #fail(stream: number, error: FilexError): Told {
    const { connection } = this.driver;
    const { message, retry, effect } = error;
    // A failure is one, whatever the handler calls it.
    const code = error.code === 'OK' ? 'INTERNAL' : error.code;
    if (connection.allows(stream, 'R_FAILURE')) {
      connection.result(stream, { status: code, detail: detailFor(error), retry, effect });
    }
    return {
      code,
      message,
      limit: limitOf(error),
      outcome: undefined,
      bytes: 0,
      digest: undefined,
      algorithm: undefined,
      movedTo: undefined,
    };
  }

  onPong(): void {
    // Being heard is all that counts, and the core has noted that.
  }

  onDraining(): void {
    // The client will open nothing more; what runs goes on.
  }

  onStreamClosed(): void {
    // A server waits for no stream.
  }

  onLost(): void {
    // Every operation has heard it from its stream.
    this.#isLost = true;
    this.#login?.cancel();
  }

  onClosed(error: FilexError | undefined): void {
    void this.#leave(error);
  }

  async #leave(error: FilexError | undefined): Promise<void> {
    const { address, acceptedAt, transferred, onEvent, budget, onClosed } = this.#options;
    if (this.#peer !== undefined) {
      const duration = Driver.now() - acceptedAt;
      const figures = { duration, ...transferred(), operations: this.#operations };
      onEvent({ type: 'disconnection', peer: this.#peer, error, limit: limitOf(error), ...figures });
    } else if (error !== undefined) {
      const { code, message } = error;
      // The core knows only one time before the login, and no errors of ours.
      const limit = code === 'TIMEOUT' ? 'handshakeTimeout' : limitOf(error);
      onEvent({ type: 'refused', address, code, message, limit });
    }
    // Handlers may still be at work on what was promised.
    await this.settled();
    budget.give(this.#promised, this.#grown);
    onClosed();
  }
}

type Told = Pick<
  Extract<ServeEvent, { type: 'operation' }>,
  'code' | 'message' | 'limit' | 'outcome' | 'bytes' | 'digest' | 'algorithm'
> & {
  /** Where an upload is that was given another name. */
  readonly movedTo: string | undefined;
};

function isWithinDepth(path: string, max: number): boolean {
  return path.split('/').length <= max;
}

function checkDepth(path: string, max: number): void {
  if (isWithinDepth(path, max)) return;
  throw limitError('maxPathDepth', 'PATH_INVALID', `the path has more than ${max} names`);
}

function start(run: OperationRun): RunningOperation {
  switch (run.request.operation) {
    case 'upload':
      return receiveWhole(run) ?? receiveUpload(run);
    case 'download':
      return sendDownload(run);
    case 'list':
      return sendListing(run);
    case 'stat':
    case 'makeDirectory':
    case 'rename':
    case 'remove':
      return answerCall(run);
    case 'digest':
      return sendDigest(run);
  }
}
