/**
 * Node's stream handles, as far as those use them who skip the stream machinery: the server's fast wires
 * and the load generator's fast links. What is known here of Node's insides:
 *
 *   - a handle reads into a buffer given once (`useUserBuffer`) and calls its `onread`; how many bytes
 *     came, or which error, stands in a word shared by all streams of the thread;
 *   - `handle.writeBuffer(request, buffer)` writes at once what the kernel takes. If that was all,
 *     the request object is free again; another shared word tells.
 *
 * The shared words and the request classes are found through `--expose-internals`, an option that is
 * given to the threads that want it and to nobody else. Where something is missing `streamInternals`
 * is null, and public streams have to serve.
 */
import { createRequire } from 'node:module';

/** For a worker's execArgv. Node warns that this is for its own tests; our log is not the place. */
export const STREAM_HANDLE_NODE_OPTIONS = [
  '--expose-internals',
  '--disable-warning=internal/test/binding',
];

/** A write or a shutdown under way. */
export type WriteRequest = { oncomplete: (status: number) => void; piece: Buffer | null };
type StreamInternals = {
  readonly WriteWrap: new () => WriteRequest;
  readonly ShutdownWrap: new () => WriteRequest;
  readonly streamBaseState: Int32Array;
  readonly kReadBytesOrError: number;
  readonly kLastWriteWasAsync: number;
};
export type Handle = {
  readonly fd: number;
  onread: () => void;
  useUserBuffer(buffer: Uint8Array): void;
  readStart(): number;
  readStop(): number;
  writeBuffer(request: WriteRequest, buffer: Uint8Array): number;
  shutdown(request: WriteRequest): number;
  close(closed?: () => void): void;
  setNoDelay?(noDelay: boolean): number;
  setKeepAlive?(isOn: boolean, seconds: number): number;
  getpeername?(out: { address?: string; port?: number }): number;
  getsockname?(out: { address?: string; port?: number }): number;
};

/** Null where this Node, or this thread, does without. */
export const streamInternals = internalsFind();
export const streamState = streamInternals?.streamBaseState ?? new Int32Array(4);
export const READ_WORD = streamInternals?.kReadBytesOrError ?? 0;
export const ASYNC_WORD = streamInternals?.kLastWriteWasAsync ?? 0;

function internalsFind(): StreamInternals | null {
  try {
    const { internalBinding } = createRequire(import.meta.url)('internal/test/binding');
    const found = internalBinding('stream_wrap') as StreamInternals;
    const isWhole =
      found.streamBaseState instanceof Int32Array &&
      [found.kReadBytesOrError, found.kLastWriteWasAsync].every(Number.isInteger) &&
      [found.WriteWrap, found.ShutdownWrap].every((made) => typeof made === 'function');
    return isWhole ? found : null;
  } catch {
    return null; // a thread that was not given the option, or a Node without it
  }
}
