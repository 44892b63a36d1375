/** What threads tell each other of scripts: that there is one more, or that all are to be forgotten. */
import { RESP_COUNTER, RESP_WORD } from '../../../memory/resp-stats.ts';
import type { RespCall } from '../call.ts';
import { Script, scriptSha } from './script-cache.ts';
import { scriptHead } from './script-flags.ts';

/** A script as it crosses threads. */
type ScriptNotice = {
  readonly text: Uint8Array;
  readonly sha: string;
  readonly number: number;
  readonly isLoaded: boolean;
};

/** Everything that a thread which starts has to know. */
type ScriptsTold = { readonly flushed: number; readonly scripts: readonly ScriptNotice[] };

/**
 * The script of the text source[start, end), which may be new; or the error that is wrong with its first line. It
 * is not known to the cache until scriptAdd.
 */
export function scriptOf(
  call: RespCall,
  source: Buffer,
  start: number,
  end: number,
): Script | string {
  const known = call.scripts.cache.textFind(source, start, end);
  if (known !== null) return known;
  const text = Buffer.allocUnsafeSlow(end - start);
  source.copy(text, 0, start, end);
  const head = scriptHead(text);
  if (typeof head === 'string') return head;
  return new Script(text, scriptSha(text), head.flags, head.bytes, numberTake(call));
}

/** Adds a script that is new, or keeps one for good that is not; and tells the other threads. */
export function scriptAdd(call: RespCall, script: Script, isLoaded: boolean): void {
  const { cache } = call.scripts;
  const isKnown = cache.has(script);
  if (isKnown && (script.isLoaded || !isLoaded)) return;
  if (isKnown) {
    cache.keep(script);
  } else {
    script.isLoaded = isLoaded;
    // Each thread forgets its own; it is counted where there was one too many.
    if (cacheAdd(call, script)) call.respStats.f64[call.respBlock + RESP_COUNTER.evictedScripts]++;
  }
  call.bulletin.postWeighed({ kind: 'script', ...noticeOf(script) }, script.text.length);
}

/** SCRIPT FLUSH: all scripts that there are now, on all threads. */
export function scriptsFlush(call: RespCall): void {
  const number = numberTake(call);
  flush(call, number);
  call.bulletin.post({ kind: 'scriptsFlush', number });
}

/** Has this thread hear of the scripts of others. */
export function scriptsListen(call: RespCall): void {
  const { bulletin, scripts } = call;
  bulletin.on('script', (notice) => hear(call, notice as unknown as ScriptNotice));
  bulletin.on('scriptsFlush', (notice) => flush(call, Number(notice['number'])));
  bulletin.share('scripts', {
    tell: (): ScriptsTold => ({
      flushed: scripts.cache.flushed,
      scripts: [...scripts.cache.all()].map(noticeOf),
    }),
    hear: (_, told) => {
      const { flushed, scripts: notices } = told as ScriptsTold;
      if (flushed > scripts.cache.flushed) flush(call, flushed);
      for (const notice of notices) hear(call, notice);
    },
    forget: () => undefined, // scripts outlive who brought them
  });
}

function numberTake({ respStats }: RespCall): number {
  return Atomics.add(respStats.i32, RESP_WORD.scriptNumbers, 1);
}

function hear(call: RespCall, { text, sha, number, isLoaded }: ScriptNotice): void {
  const { cache } = call.scripts;
  if (number < cache.flushed) return;
  const bytes = Buffer.from(text.buffer, text.byteOffset, text.byteLength);
  const known = cache.textFind(bytes, 0, bytes.length);
  if (known !== null) {
    if (isLoaded) cache.keep(known);
    return;
  }
  const head = scriptHead(bytes);
  if (typeof head === 'string') return;
  const script = new Script(bytes, sha, head.flags, head.bytes, number);
  script.isLoaded = isLoaded;
  cacheAdd(call, script);
}

/** Adds a script. True: another had to go for it. */
function cacheAdd({ scripts }: RespCall, script: Script): boolean {
  const driven = scripts.cache.add(script);
  if (driven === null) return false;
  scripts.machine?.functionDrop(driven);
  return true;
}

function flush({ scripts, respStats, respBlock }: RespCall, number: number): void {
  scripts.cache.flush(number);
  scripts.machine = null;
  respStats.f64[respBlock + RESP_COUNTER.luaBytes] = 0;
}

function noticeOf({ text, sha, number, isLoaded }: Script): ScriptNotice {
  return { text, sha, number, isLoaded };
}
