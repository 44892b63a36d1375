/** What threads tell each other of libraries: that one has come, that one is gone, that all are. */
import { RESP_WORD } from '../../../memory/resp-stats.ts';
import type { RespCall } from '../call.ts';
import type { Candidate } from './function-compile.ts';
import { Library, type Registered } from './function-registry.ts';

/** A library as it crosses threads. */
type LibraryNotice = {
  readonly name: string;
  readonly code: Uint8Array;
  readonly number: number;
  readonly registered: readonly Registered[];
};

/** Everything that a thread which starts has to know. */
type FunctionsTold = { readonly flushed: number; readonly libraries: readonly LibraryNotice[] };

/** Makes a library known that this thread has compiled, in the place of one with its name; and tells the others. */
export function libraryAdd(call: RespCall, candidate: Candidate): void {
  const { name, code, loaded, machine } = candidate;
  const library = new Library(name, code, numberTake(call), loaded);
  for (const [at, one] of library.functions.entries()) one.reference = loaded[at].reference;
  library.machine = machine;
  call.functions.registry.put(library);
  call.bulletin.postWeighed({ kind: 'library', ...noticeOf(library) }, code.length);
}

export function libraryDelete(call: RespCall, name: string): void {
  const number = numberTake(call);
  call.functions.registry.delete(name, number);
  call.bulletin.post({ kind: 'libraryDelete', name, number });
}

export function librariesFlush(call: RespCall): void {
  const number = numberTake(call);
  flush(call, number);
  call.bulletin.post({ kind: 'librariesFlush', number });
}

/** Has this thread hear of the libraries of others. */
export function functionsListen(call: RespCall): void {
  const { bulletin, functions } = call;
  const { registry } = functions;
  bulletin.on('library', (notice) => hear(call, notice as unknown as LibraryNotice));
  bulletin.on('libraryDelete', ({ name, number }) => {
    registry.delete(name as string, number as number);
  });
  bulletin.on('librariesFlush', ({ number }) => flush(call, number as number));
  bulletin.share('functions', {
    tell: (): FunctionsTold => ({
      flushed: registry.flushed,
      libraries: [...registry.all()].map(noticeOf),
    }),
    hear: (_, told) => {
      const { flushed, libraries } = told as FunctionsTold;
      if (flushed > registry.flushed) flush(call, flushed);
      for (const notice of libraries) hear(call, notice);
    },
    forget: () => undefined, // libraries outlive who brought them
  });
}

function numberTake({ respStats }: RespCall): number {
  return Atomics.add(respStats.i32, RESP_WORD.scriptNumbers, 1);
}

function hear({ functions }: RespCall, notice: LibraryNotice): void {
  const { name, code, number, registered } = notice;
  const bytes = Buffer.from(code.buffer, code.byteOffset, code.byteLength);
  functions.registry.put(new Library(name, bytes, number, registered));
}

function flush({ functions }: RespCall, number: number): void {
  functions.registry.flush(number);
  if (functions.registry.libraryCount === 0) functions.machine = null;
}

function noticeOf({ name, code, number, functions }: Library): LibraryNotice {
  const registered = functions.map((one) => ({
    name: one.name,
    description: one.description,
    flags: one.flags,
  }));
  return { name, code, number, registered };
}
