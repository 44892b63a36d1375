/**
 * The Lua machine: a Lua 5.1 in a WebAssembly of its own, whose C API the thread calls directly.
 *
 *   JavaScript ──api.lua_…(L, …)──▶ WebAssembly: Lua, its stack and heap in one memory, `bytes`
 *              ◀──table of functions── lua_CFunction, lua_Hook: functions that were added
 *
 * What a script can break lies in there: it sees no file, clock or environment, since the calls of the operating
 * system that the library imports all refuse, and its memory ends where `memoryBytesMax` says, which Lua reports as
 * its own "not enough memory".
 *
 * Errors leave by a jump: `lua_error` throws a number through all frames to `invoke_vii`, the one place where
 * Lua waits for it. So a function of JavaScript that Lua calls may raise an error at any point, by `luaRaise` or by any
 * function of the API that does; what it would have to tidy up it has to do before, and it must
 * not catch what is a number. Anything else that passes a frame of Lua, a trap as an error of ours, leaves the
 * machine as it was in the middle of something: it `isBroken` then, and has to be replaced.
 *
 * Guard: the thread that made it. `bytes` and `words` are made anew when the memory grows, which every call of the
 * API may do that allocates: who needs them after it reads them again.
 *
 * Source: the library is wasmoon-lua5.1's liblua5.1.wasm, made by Emscripten, whose conventions for longjmp these are.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { assert } from '../base/assert.ts';
import { LUA, LUA_GC, LUA_STATUS, type LuaApi } from './lua-api.ts';
import {
  type Signature,
  WASM_PAGE_BYTES,
  WASM_TYPE,
  type WasmFunction,
  type WasmImports,
  type WasmModule,
  wasmFunction,
  wasmInstance,
  wasmModule,
  wasmPassage,
} from './wasm.ts';

/** A lua_CFunction: takes its arguments from the stack, leaves results there, and returns how many. */
export type LuaFunction = (L: number) => number;
/** A lua_Hook. */
export type LuaHook = (L: number, record: number) => void;

const { I32 } = WASM_TYPE;
const FUNCTION: Signature = { params: [I32], results: [I32] };
const HOOK: Signature = { params: [I32, I32], results: [] };

/** Bytes of the scratch area, through which strings go in. */
const SCRATCH_BYTES = 65536;
/** What Emscripten's longjmp throws. */
const LONG_JUMP = Number.POSITIVE_INFINITY;
/** By how much memory grows at least. */
const GROWTH_BYTES_MIN = 4 << 20;
/** What compiled code starts with, and what keeps it from doing so. */
const BINARY_MARK = 0x1b;
const SPACE = 0x20;
/** What calls of the operating system answer: not supported. */
const REFUSED = -52;

/** Lua gave up: an error that nothing waits for, as when there is no memory even to say so. */
export class LuaPanic extends Error {
  constructor() {
    super('Lua has given up');
    this.name = 'LuaPanic';
  }
}

let library: WasmModule | null = null;
let functionPassage: WasmModule | null = null;
let hookPassage: WasmModule | null = null;

/** Compiled when the first script comes. */
function libraryCompiled(): WasmModule {
  if (library === null) {
    const entry = createRequire(import.meta.url).resolve('wasmoon-lua5.1');
    library = wasmModule(readFileSync(entry.replace(/[^/\\]*$/, 'liblua5.1.wasm')));
  }
  return library;
}

export class LuaMachine {
  readonly api: LuaApi;
  /** The main state. */
  readonly L: number;
  readonly memoryBytesMax: number;
  /** All memory of the machine. */
  bytes: Buffer;
  words: Int32Array;
  /** How often the memory has moved. */
  epoch = 0;
  /** An area for strings on their way in; nothing stays there. */
  readonly scratch: number;
  /** Where luaString has found the string, and its length. */
  stringAt = 0;
  stringBytes = 0;
  isBroken = false;
  private readonly lengthAt: number;
  /** Functions of the table that Lua calls by their number under its protection. */
  private readonly entries: WasmFunction[] = [];

  constructor(memoryBytesMax: number) {
    this.memoryBytesMax = memoryBytesMax;
    // The exports are what the library is known to have.
    this.api = wasmInstance(libraryCompiled(), this.imports()) as LuaApi;
    this.bytes = Buffer.from(this.api.memory.buffer);
    this.words = new Int32Array(this.api.memory.buffer);
    this.api.__wasm_call_ctors();
    this.scratch = this.api.malloc(SCRATCH_BYTES);
    this.lengthAt = this.api.malloc(8);
    this.L = this.api.luaL_newstate();
    assert(this.L !== 0, 'there is memory for an empty Lua');
    this.api.lua_atpanic(this.L, 0);
  }

  /** Bytes that the machine has of its process. */
  get memoryBytes(): number {
    return this.bytes.length;
  }

  /** Adds a function that Lua may call; returns its number for lua_pushcclosure. */
  functionAdd(run: LuaFunction): number {
    functionPassage ??= wasmPassage(FUNCTION);
    return this.tableAdd(functionPassage, run);
  }

  /** Adds a hook; returns its number for lua_sethook. */
  hookAdd(run: LuaHook): number {
    hookPassage ??= wasmPassage(HOOK);
    return this.tableAdd(hookPassage, run);
  }

  /** Finds the string at `index` of the stack, or the number there, which becomes one. False: it is neither. */
  string(L: number, index: number): boolean {
    const at = this.api.lua_tolstring(L, index, this.lengthAt);
    this.stringAt = at;
    this.stringBytes = at === 0 ? 0 : this.words[this.lengthAt >> 2];
    return at !== 0;
  }

  /** As `string`, for an argument that has to be one: raises an error if it is not. */
  stringArgument(L: number, index: number): void {
    this.stringAt = this.api.luaL_checklstring(L, index, this.lengthAt);
    this.stringBytes = this.words[this.lengthAt >> 2];
  }

  /**
   * Calls the function below its `args` arguments, as lua_pcall does. After an error for want of memory what the
   * script had of it is collected at once: this Lua collects by its own schedule alone.
   */
  call(L: number, args: number, results: number, handler: number): number {
    const status = this.api.lua_pcall(L, args, results, handler);
    if (status === LUA_STATUS.MEMORY) this.api.lua_gc(L, LUA_GC.COLLECT, 0);
    return status;
  }

  private tableAdd(passage: WasmModule, run: unknown): number {
    const { __indirect_function_table: table } = this.api;
    const index = table.grow(1);
    table.set(index, wasmFunction(passage, run));
    return index;
  }

  private imports(): WasmImports {
    const env: Record<string, unknown> = {
      invoke_vii: (fn: number, a: number, b: number) => this.protect(fn, a, b),
      _emscripten_throw_longjmp: () => {
        throw LONG_JUMP;
      },
      emscripten_resize_heap: (bytes: number) => (this.grow(bytes >>> 0) ? 1 : 0),
      emscripten_memcpy_js: (to: number, from: number, bytes: number) => {
        this.bytes.copyWithin(to, from, from + bytes);
      },
      exit: () => {
        this.isBroken = true;
        throw new LuaPanic();
      },
      emscripten_date_now: () => 0,
      _emscripten_get_now_is_monotonic: () => 1,
    };
    const refuse = (): number => REFUSED;
    for (const name of REFUSED_CALLS) env[name] = refuse;
    const wasi: Record<string, unknown> = {};
    for (const name of REFUSED_WASI_CALLS) wasi[name] = refuse;
    return { env, wasi_snapshot_preview1: wasi };
  }

  /** Calls a function of the table, to which an error of Lua jumps back. */
  private protect(fn: number, a: number, b: number): void {
    const { api } = this;
    const stack = api.stackSave();
    try {
      this.entry(fn)(a, b);
    } catch (thrown) {
      api.stackRestore(stack);
      if (thrown !== LONG_JUMP) {
        this.isBroken = true;
        throw thrown;
      }
      api.setThrew(1, 0);
    }
  }

  private entry(fn: number): WasmFunction {
    let run = this.entries[fn];
    if (run === undefined) {
      run = this.api.__indirect_function_table.get(fn);
      this.entries[fn] = run;
    }
    return run;
  }

  /** Has memory grow to `wanted` bytes, or somewhat more. False: that is more than it may have. */
  private grow(wanted: number): boolean {
    const { memory } = this.api;
    const has = memory.buffer.byteLength;
    if (wanted > this.memoryBytesMax) return false;
    const ample = Math.max(wanted, has + Math.max(GROWTH_BYTES_MIN, has >>> 3));
    const pages = Math.ceil((Math.min(ample, this.memoryBytesMax) - has) / WASM_PAGE_BYTES);
    try {
      memory.grow(pages);
    } catch {
      return false; // the process has no more
    }
    this.bytes = Buffer.from(memory.buffer);
    this.words = new Int32Array(memory.buffer);
    this.epoch++;
    return true;
  }
}

const REFUSED_CALLS = [
  'strftime',
  '__syscall_openat',
  '__syscall_fcntl64',
  '__syscall_ioctl',
  '__syscall_dup3',
  '__syscall_unlinkat',
  '__syscall_rmdir',
  '__syscall_renameat',
  '__syscall_readlinkat',
  '_emscripten_system',
  '_tzset_js',
  '_mktime_js',
  '_localtime_js',
  '_gmtime_js',
];
const REFUSED_WASI_CALLS = [
  'fd_write',
  'fd_read',
  'fd_close',
  'fd_seek',
  'environ_sizes_get',
  'environ_get',
];

/** Pushes source[start, start + bytes) as a string. */
export function luaPushBytes(
  machine: LuaMachine,
  L: number,
  source: Buffer,
  start: number,
  bytes: number,
): void {
  const { api, scratch } = machine;
  if (bytes <= SCRATCH_BYTES) {
    source.copy(machine.bytes, scratch, start, start + bytes);
    api.lua_pushlstring(L, scratch, bytes);
    return;
  }
  const at = api.malloc(bytes);
  if (at === 0) luaRaise(machine, L, 'not enough memory');
  source.copy(machine.bytes, at, start, start + bytes);
  api.lua_pushlstring(L, at, bytes);
  api.free(at);
}

/** Pushes a text of one byte a character. */
export function luaPushText(machine: LuaMachine, L: number, text: string): void {
  const { api, scratch } = machine;
  if (text.length > SCRATCH_BYTES) {
    luaPushBytes(machine, L, Buffer.from(text, 'latin1'), 0, text.length);
    return;
  }
  machine.bytes.write(text, scratch, text.length, 'latin1');
  api.lua_pushlstring(L, scratch, text.length);
}

/** The string at `index` as a text of one byte a character; empty if there is none. */
export function luaText(machine: LuaMachine, L: number, index: number): string {
  if (!machine.string(L, index)) return '';
  return machine.bytes.toString('latin1', machine.stringAt, machine.stringAt + machine.stringBytes);
}

/** Raises an error whose value is the text, without a position. Does not return. */
export function luaRaise(machine: LuaMachine, L: number, text: string): never {
  luaPushText(machine, L, text);
  return machine.api.lua_error(L);
}

/** Raises an error with the position of the Lua code that has called the running function, as luaL_error does. */
export function luaRaiseHere(machine: LuaMachine, L: number, text: string): never {
  const { api } = machine;
  api.luaL_where(L, 1);
  luaPushText(machine, L, text);
  api.lua_concat(L, 2);
  return api.lua_error(L);
}

/** Raises "bad argument #index to 'function' (text)", as luaL_argerror does. */
export function luaArgumentRefuse(
  machine: LuaMachine,
  L: number,
  index: number,
  text: string,
): never {
  return machine.api.luaL_argerror(L, index, textPlace(machine, text));
}

/** Puts a constant text of one byte a character into the machine's memory, for good; returns its address. */
export function luaConstant(machine: LuaMachine, text: string): number {
  const at = machine.api.malloc(text.length + 1);
  assert(at !== 0, 'there is memory for constants');
  machine.bytes.write(`${text}\0`, at, text.length + 1, 'latin1');
  return at;
}

/**
 * Compiles source[start, start + bytes) to a function on the stack, or an error message; returns LUA_STATUS. What
 * looks like compiled code is taken for source all the same, of which it is none: nothing verifies such code.
 */
export function luaLoad(
  machine: LuaMachine,
  L: number,
  source: Buffer,
  start: number,
  bytes: number,
  name: string,
): number {
  const { api } = machine;
  const isBinary = bytes > 0 && source[start] === BINARY_MARK;
  const at = api.malloc(bytes + 1);
  if (at === 0) luaRaise(machine, L, 'not enough memory');
  const from = isBinary ? at + 1 : at;
  if (isBinary) machine.bytes[at] = SPACE;
  source.copy(machine.bytes, from, start, start + bytes);
  const status = api.luaL_loadbuffer(L, at, from - at + bytes, textPlace(machine, name));
  api.free(at);
  return status;
}

/** Sets t[name] to what is on top, and takes that away; t is at `index`. Metatables are not asked. */
export function luaFieldSet(machine: LuaMachine, L: number, index: number, name: string): void {
  const { api } = machine;
  const table = index < 0 && index > LUA.REGISTRY ? api.lua_gettop(L) + index + 1 : index;
  luaPushText(machine, L, name);
  api.lua_insert(L, -2);
  api.lua_rawset(L, table);
}

/** Pushes t[name], without asking metatables; returns its type. */
export function luaFieldGet(machine: LuaMachine, L: number, index: number, name: string): number {
  const { api } = machine;
  const table = index < 0 && index > LUA.REGISTRY ? api.lua_gettop(L) + index + 1 : index;
  luaPushText(machine, L, name);
  api.lua_rawget(L, table);
  return api.lua_type(L, -1);
}

/** Sets t[name] to a function, for the table at `index`. */
export function luaFunctionSet(
  machine: LuaMachine,
  L: number,
  index: number,
  name: string,
  run: LuaFunction,
): void {
  const { api } = machine;
  const table = index < 0 && index > LUA.REGISTRY ? api.lua_gettop(L) + index + 1 : index;
  api.lua_pushcclosure(L, machine.functionAdd(run), 0);
  luaFieldSet(machine, L, table, name);
}

/** Writes a text that ends in a zero byte to the scratch area; returns its address. */
function textPlace(machine: LuaMachine, text: string): number {
  const { bytes, scratch } = machine;
  const length = Math.min(text.length, SCRATCH_BYTES - 1);
  bytes.write(text, scratch, length, 'latin1');
  bytes[scratch + length] = 0;
  return scratch;
}
