/**
 * The sandbox: a machine with the libraries that a script may use, and globals that it cannot change.
 *
 *   new Sandbox ─▶ libraries are opened, and unsafe functions left out
 *        │         whoever has more adds it to `globals`: redis, cjson, …
 *      lock() ─▶ globals and libraries become stand-ins (protected-tables.ts)
 *        │         `globalSet` still sets those that a run is given: KEYS, ARGV
 *
 * Left out are what reaches files or the process, prints, or loads compiled code; `newproxy`, because finalizers would
 * run in the middle of other scripts; `getfenv` and `setfenv`, which would let one script put its globals under
 * another's functions. Of `os` there is `clock`.
 *
 * Spec: Redis, "Scripting with Lua", and its globals; valkey-io/valkey src/script_lua.c.
 */

import { Lrand48 } from './lrand48.ts';
import { LUA, LUA_STATUS, LUA_TYPE, type LuaApi } from './lua-api.ts';
import {
  LuaMachine,
  luaArgumentRefuse,
  luaFieldGet,
  luaFieldSet,
  luaFunctionSet,
  luaLoad,
  luaPushText,
  luaRaiseHere,
  luaText,
} from './lua-machine.ts';
import { ProtectedTables } from './protected-tables.ts';

const UNSAFE = ['dofile', 'loadfile', 'print', 'newproxy', 'getfenv', 'setfenv'];
const RANDOM_LIMIT = 2 ** 31 - 1;
/** So often a handler of errors may fail over its own. */
const HANDLER_TRIES_MAX = 190;

export class Sandbox {
  readonly machine: LuaMachine;
  readonly tables: ProtectedTables;
  /** Called when a script has caught an error, with the state in which it has. */
  onCatch: ((L: number) => void) | null = null;
  private readonly random = new Lrand48();
  /** Reference of the original of the globals, once they are locked. */
  private original = 0;

  constructor(memoryBytesMax: number) {
    this.machine = new LuaMachine(memoryBytesMax);
    this.tables = new ProtectedTables(this.machine);
    const { api, L } = this.machine;
    for (const open of [
      api.luaopen_base,
      api.luaopen_table,
      api.luaopen_string,
      api.luaopen_math,
    ]) {
      open(L);
      api.lua_settop(L, 0);
    }
    api.lua_pushvalue(L, LUA.GLOBALS);
    for (const name of UNSAFE) {
      api.lua_pushnil(L);
      luaFieldSet(this.machine, L, -2, name);
    }
    this.tables.baseReplace(L, -1);
    this.baseReplace(L);
    luaFieldGet(this.machine, L, 1, 'table');
    this.tables.tableReplace(L, -1);
    luaFieldGet(this.machine, L, 1, 'coroutine');
    this.catcherReplace(L, -1, 'resume');
    luaFieldGet(this.machine, L, 1, 'math');
    this.mathReplace(L);
    api.lua_createtable(L, 0, 1);
    luaFunctionSet(this.machine, L, -1, 'clock', (state) => {
      const { user, system } = process.threadCpuUsage();
      api.lua_pushnumber(state, (user + system) / 1e6);
      return 1;
    });
    luaFieldSet(this.machine, L, 1, 'os');
    api.lua_settop(L, 0);
  }

  /** From now on scripts can change neither globals nor libraries, nor what strings have of theirs. */
  lock(): void {
    const { machine, tables } = this;
    const { api, L } = machine;
    api.lua_pushvalue(L, LUA.GLOBALS);
    api.lua_createtable(L, 0, 0);
    this.globalsMove(L);
    api.lua_createtable(L, 0, 1);
    luaFunctionSet(machine, L, -1, '__index', (state) => {
      const name = luaText(machine, state, 2);
      const text = `Script attempted to access nonexistent global variable '${name}'`;
      return luaRaiseHere(machine, state, text);
    });
    api.lua_setmetatable(L, -2);
    api.lua_pushvalue(L, -1);
    this.original = api.luaL_ref(L, LUA.REGISTRY);
    tables.standInSet(L); // takes the original; the globals stay
    api.lua_rawgeti(L, LUA.REGISTRY, this.original);
    tables.protectWithin(L);
    api.lua_settop(L, 0);
    this.stringsLock(L);
  }

  /** Pushes the original of the globals, which scripts only see through their stand-in. */
  globalsPush(L: number): void {
    this.machine.api.lua_rawgeti(L, LUA.REGISTRY, this.original);
  }

  /** Moves all fields of the globals, at index 1, to the empty table at 2. */
  private globalsMove(L: number): void {
    const { api } = this.machine;
    api.lua_pushnil(L);
    while (api.lua_next(L, 1) !== 0) {
      api.lua_pushvalue(L, -2);
      api.lua_insert(L, -2);
      api.lua_rawset(L, 2);
      api.lua_pushvalue(L, -1);
      api.lua_pushnil(L);
      api.lua_rawset(L, 1);
    }
  }

  /** What getmetatable gives for a string is a stand-in as well. */
  private stringsLock(L: number): void {
    const { machine, tables } = this;
    const { api } = machine;
    luaPushText(machine, L, '');
    api.lua_getmetatable(L, 1);
    api.lua_createtable(L, 0, 1);
    luaFieldGet(machine, L, 2, '__index');
    luaFieldSet(machine, L, 3, '__index');
    tables.protect(L);
    luaFieldSet(machine, L, 2, '__metatable');
    api.lua_settop(L, 0);
  }

  /** `pcall`, `xpcall`, `loadstring` and `load`, in the globals on top. */
  private baseReplace(L: number): void {
    const { machine } = this;
    const { api } = machine;
    luaFunctionSet(machine, L, -1, 'pcall', (state) => this.protectedCall(state));
    luaFunctionSet(machine, L, -1, 'xpcall', (state) => this.handledCall(state));
    luaFunctionSet(machine, L, -1, 'loadstring', (state) => {
      machine.stringArgument(state, 1);
      return this.load(state, luaText(machine, state, api.lua_gettop(state) > 1 ? 2 : 1));
    });
    luaFunctionSet(machine, L, -1, 'load', (state) => {
      api.luaL_checktype(state, 1, LUA_TYPE.FUNCTION);
      const name = api.lua_gettop(state) > 1 ? luaText(machine, state, 2) : '=(load)';
      api.lua_settop(state, 1);
      return this.piecesGather(state) ? this.load(state, name) : nilBeforeTop(api, state);
    });
  }

  /**
   * Calls the function at index 1 for pieces of a chunk until there is none; leaves the chunk there. False: the
   * function has failed, and its error is on top.
   */
  private piecesGather(L: number): boolean {
    const { machine } = this;
    const { api } = machine;
    luaPushText(machine, L, '');
    for (;;) {
      api.lua_pushvalue(L, 1);
      if (machine.call(L, 0, 1, 0) !== LUA_STATUS.OK) return false;
      const type = api.lua_type(L, -1);
      if (type !== LUA_TYPE.STRING && type !== LUA_TYPE.NUMBER && type !== LUA_TYPE.NIL) {
        luaPushText(machine, L, 'reader function must return a string');
        return false;
      }
      if (!machine.string(L, -1) || machine.stringBytes === 0) break;
      api.lua_concat(L, 2);
    }
    api.lua_settop(L, 2);
    api.lua_replace(L, 1);
    return true;
  }

  /** Compiles the string at index 1: a function, or nil and what is wrong. */
  private load(L: number, name: string): number {
    const { machine } = this;
    const { api } = machine;
    machine.string(L, 1);
    const source = Buffer.from(
      machine.bytes.subarray(machine.stringAt, machine.stringAt + machine.stringBytes),
    );
    if (luaLoad(machine, L, source, 0, source.length, name) === LUA_STATUS.OK) return 1;
    return nilBeforeTop(api, L);
  }

  /** `pcall`, which gives the text of an error that is a table with one, as scripts of old expect. */
  private protectedCall(L: number): number {
    const { machine } = this;
    const { api } = machine;
    api.luaL_checkany(L, 1);
    const status = machine.call(L, api.lua_gettop(L) - 1, LUA.ALL_RESULTS, 0);
    if (status !== LUA_STATUS.OK) this.onCatch?.(L);
    if (status !== LUA_STATUS.OK && api.lua_type(L, -1) === LUA_TYPE.TABLE) {
      const type = luaFieldGet(machine, L, -1, 'err');
      if (type === LUA_TYPE.STRING || type === LUA_TYPE.NUMBER) api.lua_replace(L, -2);
      else api.lua_settop(L, -2);
    }
    api.luaL_checkstack(L, 1, 0);
    api.lua_pushboolean(L, status === LUA_STATUS.OK ? 1 : 0);
    api.lua_insert(L, 1);
    return api.lua_gettop(L);
  }

  /**
   * `xpcall`. Its handler is called when the function's stack is gone, of which it could see nothing anyway: called
   * where the error is raised, as Lua does, it could run forever after the error of a hook, which keeps hooks off.
   */
  private handledCall(L: number): number {
    const { machine } = this;
    const { api } = machine;
    api.luaL_checkany(L, 2);
    api.lua_settop(L, 2);
    api.lua_insert(L, 1);
    let status = machine.call(L, 0, LUA.ALL_RESULTS, 0);
    const isOk = status === LUA_STATUS.OK;
    for (let tries = 0; status !== LUA_STATUS.OK && status !== LUA_STATUS.MEMORY; tries++) {
      this.onCatch?.(L);
      if (tries === HANDLER_TRIES_MAX) {
        api.lua_settop(L, 1);
        luaPushText(machine, L, 'error in error handling');
        break;
      }
      api.lua_pushvalue(L, 1);
      api.lua_insert(L, 2);
      status = machine.call(L, 1, 1, 0); // what fails in it is for itself to handle
    }
    api.lua_pushboolean(L, isOk ? 1 : 0);
    api.lua_replace(L, 1);
    return api.lua_gettop(L);
  }

  /** Has `onCatch` hear of what a function of the table at `index` catches, which then returns false first. */
  private catcherReplace(L: number, index: number, name: string): void {
    const { machine } = this;
    const { api } = machine;
    const table = api.lua_gettop(L) + index + 1;
    luaFieldGet(machine, L, table, name);
    const plain = api.luaL_ref(L, LUA.REGISTRY);
    luaFunctionSet(machine, L, table, name, (state) => {
      api.lua_rawgeti(state, LUA.REGISTRY, plain);
      api.lua_insert(state, 1);
      api.lua_call(state, api.lua_gettop(state) - 1, LUA.ALL_RESULTS);
      if (api.lua_toboolean(state, 1) === 0) this.onCatch?.(state);
      return api.lua_gettop(state);
    });
  }

  /** `random` and `randomseed`, in the library on top. */
  private mathReplace(L: number): void {
    const { machine, random } = this;
    const { api } = machine;
    luaFunctionSet(machine, L, -1, 'randomseed', (state) => {
      random.seed(api.luaL_checkinteger(state, 1));
      return 0;
    });
    luaFunctionSet(machine, L, -1, 'random', (state) => {
      const share = (random.next() % RANDOM_LIMIT) / RANDOM_LIMIT;
      const count = api.lua_gettop(state);
      if (count === 0) {
        api.lua_pushnumber(state, share);
        return 1;
      }
      if (count > 2) luaRaiseHere(machine, state, 'wrong number of arguments');
      const least = count === 1 ? 1 : api.luaL_checkinteger(state, 1);
      const most = api.luaL_checkinteger(state, count);
      if (least > most) luaArgumentRefuse(machine, state, count, 'interval is empty');
      api.lua_pushnumber(state, Math.floor(share * (most - least + 1)) + least);
      return 1;
    });
  }
}

/** What a function returns that has failed: nil, and the error that is on top. */
function nilBeforeTop(api: LuaApi, L: number): number {
  api.lua_pushnil(L);
  api.lua_insert(L, -2);
  return 2;
}
