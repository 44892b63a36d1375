/**
 * Compiling a library: its code is run once, and registers functions while it does.
 *
 * Until it has ended it finds nothing but `redis.register_function` and a few more: the globals, whose table all its
 * functions share, are turned to others for that long.
 *
 *   globals {} ──__index──▶ while a library is loaded: { redis = { register_function, log, … } }
 *                          else:                       all that functions may use
 *
 * Texts: valkey-io/valkey src/function_lua.c, with Redis's name in them.
 */
import { LUA, LUA_STATUS, LUA_TYPE } from '../../../lua/lua-api.ts';
import {
  luaConstant,
  luaFieldSet,
  luaFunctionSet,
  luaLoad,
  luaText,
} from '../../../lua/lua-machine.ts';
import type { RespCall } from '../call.ts';
import { BAD_NAME, functionNameIsSound } from './function-head.ts';
import type { Registered } from './function-registry.ts';
import { scriptFlag } from './script-flags.ts';
import type { ScriptMachine } from './script-machine.ts';

const CHUNK_NAME = '@user_function';
/** How long a library may take to register its functions. */
const LOAD_MS_MAX = 500;
export const LOAD_TIMEOUT = 'ERR FUNCTION LOAD timeout';
/** What the code of a library finds in `redis` besides. */
const COMMON = [
  'log',
  'LOG_DEBUG',
  'LOG_VERBOSE',
  'LOG_NOTICE',
  'LOG_WARNING',
  'REDIS_VERSION',
  'REDIS_VERSION_NUM',
];

/** A function with where it is in the machine's registry. */
export type Loaded = Registered & { readonly reference: number };

/** The library that is being loaded. */
export class Loading {
  readonly functions: Loaded[] = [];
  /** By performance.now. */
  readonly endsAtMs: number;

  constructor(endsAtMs: number) {
    this.endsAtMs = endsAtMs;
  }
}

/** Compiles a library; returns its functions, or what is wrong. `isTimed`: it must not take too long. */
export function libraryLoad(
  call: RespCall,
  machine: ScriptMachine,
  code: Buffer,
  bodyAt: number,
  isTimed: boolean,
): readonly Loaded[] | string {
  const { functions } = call;
  const { L } = machine.lua;
  const limitMs = isTimed ? LOAD_MS_MAX : Number.POSITIVE_INFINITY;
  const loading = new Loading(performance.now() + limitMs);
  functions.loading = loading;
  machine.lua.api.lua_rawgeti(L, LUA.REGISTRY, functions.loadGlobals);
  globalsTurn(machine);
  const error = bodyRun(machine, code, bodyAt);
  machine.sandbox.globalsPush(L);
  globalsTurn(machine);
  machine.stackClear();
  machine.interruptsSet(L, false);
  functions.loading = null;
  const fault = error ?? (loading.functions.length === 0 ? 'No functions registered' : null);
  if (fault === null) return loading.functions;
  loadedDrop(machine, loading.functions);
  return fault;
}

/** Forgets functions that are not going to be known. */
export function loadedDrop({ lua }: ScriptMachine, loaded: readonly Loaded[]): void {
  for (const { reference } of loaded) lua.api.luaL_unref(lua.L, LUA.REGISTRY, reference);
}

/** Has the globals be those of the table on top, and takes that away. */
function globalsTurn({ lua }: ScriptMachine): void {
  const { api, L } = lua;
  api.lua_getmetatable(L, LUA.GLOBALS);
  api.lua_insert(L, -2);
  luaFieldSet(lua, L, -2, '__index');
  api.lua_settop(L, -2);
}

function bodyRun({ lua, fields }: ScriptMachine, code: Buffer, bodyAt: number): string | null {
  const { L } = lua;
  if (luaLoad(lua, L, code, bodyAt, code.length - bodyAt, CHUNK_NAME) !== LUA_STATUS.OK) {
    return `Error compiling function: ${luaText(lua, L, -1)}`;
  }
  if (lua.call(L, 0, 0, 0) === LUA_STATUS.OK) return null;
  const isTable = lua.api.lua_type(L, -1) === LUA_TYPE.TABLE;
  if (isTable) fields.fieldPush(L, fields.names.err);
  const text = luaText(lua, L, -1);
  return `Error registering functions: ${isTable ? text : `ERR ${text}`}`;
}

/** Makes the globals that a library finds while it is loaded; returns their reference. */
export function loadGlobalsCreate(call: RespCall, machine: ScriptMachine): number {
  const { lua, sandbox } = machine;
  const { api, L } = lua;
  sandbox.globalsPush(L);
  const full = api.lua_gettop(L);
  api.lua_createtable(L, 0, 2);
  for (const name of ['redis', 'server']) loadLibrarySet(call, machine, full, name);
  api.lua_getmetatable(L, full); // which says of what is not there that it is not
  api.lua_setmetatable(L, -2);
  const reference = api.luaL_ref(L, LUA.REGISTRY);
  machine.stackClear();
  return reference;
}

/** Sets the library \`name\` in the table on top, with some of what it has in the globals at \`full\`. */
function loadLibrarySet(call: RespCall, machine: ScriptMachine, full: number, name: string): void {
  const { lua, sandbox } = machine;
  const { api, L } = lua;
  api.lua_createtable(L, 0, COMMON.length + 1);
  api.lua_getfield(L, full, luaConstant(lua, name));
  for (const field of COMMON) {
    api.lua_getfield(L, -1, luaConstant(lua, field));
    luaFieldSet(lua, L, -3, field);
  }
  api.lua_settop(L, -2);
  luaFunctionSet(lua, L, -1, 'register_function', (state) => {
    register(call, machine, state, `${name}.register_function`);
    return 0;
  });
  api.lua_getmetatable(L, full);
  api.lua_setmetatable(L, -2);
  sandbox.tables.protect(L);
  api.lua_setfield(L, -2, luaConstant(lua, name));
}

function refuse({ lua, fields }: ScriptMachine, L: number, text: string): never {
  fields.errorPush(L, `ERR ${text}`);
  return lua.api.lua_error(L);
}

/** `called`: what the script calls it, and so do its errors. */
function register(call: RespCall, machine: ScriptMachine, L: number, called: string): void {
  const { loading } = call.functions;
  const { api } = machine.lua;
  if (loading === null) {
    refuse(machine, L, `${called} can only be called on FUNCTION LOAD command`);
  }
  const count = api.lua_gettop(L);
  if (count < 1 || count > 2) {
    refuse(machine, L, `wrong number of arguments to ${called}`);
  }
  const given = count === 1 ? namedTake(machine, L, called) : positionalTake(machine, L, called);
  if (!functionNameIsSound(given.name)) refuse(machine, L, BAD_NAME);
  if (loading.functions.some(({ name }) => name === given.name)) {
    refuse(machine, L, 'Function already exists in the library');
  }
  api.lua_pushvalue(L, given.callback);
  loading.functions.push({ ...given, reference: api.luaL_ref(L, LUA.REGISTRY) });
}

/** What is to be registered; the function is at `callback` of the stack. */
type Given = Registered & { readonly callback: number };

function positionalTake(machine: ScriptMachine, L: number, called: string): Given {
  const { api } = machine.lua;
  const name = textAt(machine, L, 1);
  if (name === null) {
    refuse(machine, L, `first argument to ${called} must be a string`);
  }
  if (api.lua_type(L, 2) !== LUA_TYPE.FUNCTION) {
    refuse(machine, L, `second argument to ${called} must be a function`);
  }
  return { name, description: null, flags: 0, callback: 2 };
}

function namedTake(machine: ScriptMachine, L: number, called: string): Given {
  const { api } = machine.lua;
  if (api.lua_type(L, 1) !== LUA_TYPE.TABLE) {
    refuse(
      machine,
      L,
      `calling ${called} with a single argument is only applicable to Lua table (representing named arguments).`,
    );
  }
  let name: string | null = null;
  let description: string | null = null;
  let flags = 0;
  api.lua_pushnil(L); // the place of the callback, index 2
  api.lua_pushnil(L);
  while (api.lua_next(L, 1) !== 0) {
    api.lua_pushvalue(L, -2); // as a text it would be another key
    const key = textAt(machine, L, -1);
    api.lua_settop(L, -2);
    if (key === null) {
      refuse(machine, L, `named argument key given to ${called} is not a string`);
    }
    switch (key.toLowerCase()) {
      case 'function_name':
        name = textExpect(machine, L, 'function_name', called);
        break;
      case 'description':
        description = textExpect(machine, L, 'description', called);
        break;
      case 'callback':
        if (api.lua_type(L, -1) !== LUA_TYPE.FUNCTION) {
          refuse(machine, L, `callback argument given to ${called} must be a function`);
        }
        api.lua_pushvalue(L, -1);
        api.lua_replace(L, 2);
        break;
      case 'flags':
        flags = flagsTake(machine, L, called);
        break;
      default:
        refuse(machine, L, `unknown argument given to ${called}`);
    }
    api.lua_settop(L, -2);
  }
  if (name === null) {
    refuse(machine, L, `${called} must get a function name argument`);
  }
  if (api.lua_type(L, 2) === LUA_TYPE.NIL) {
    refuse(machine, L, `${called} must get a callback argument`);
  }
  return { name, description, flags, callback: 2 };
}

function textAt({ lua }: ScriptMachine, L: number, index: number): string | null {
  return lua.api.lua_isstring(L, index) === 0 ? null : luaText(lua, L, index);
}

function textExpect(machine: ScriptMachine, L: number, what: string, called: string): string {
  const text = textAt(machine, L, -1);
  if (text !== null) return text;
  return refuse(machine, L, `${what} argument given to ${called} must be a string`);
}

/** The flags in the list on top. */
function flagsTake(machine: ScriptMachine, L: number, called: string): number {
  const { api } = machine.lua;
  if (api.lua_type(L, -1) !== LUA_TYPE.TABLE) {
    const what = 'must be a table representing function flags';
    refuse(machine, L, `flags argument to ${called} ${what}`);
  }
  let flags = 0;
  for (let at = 1; ; at++) {
    api.lua_rawgeti(L, -1, at);
    if (api.lua_type(L, -1) === LUA_TYPE.NIL) break;
    const flag = scriptFlag((textAt(machine, L, -1) ?? '').toLowerCase());
    if (flag === 0) refuse(machine, L, 'unknown flag given');
    flags |= flag;
    api.lua_settop(L, -2);
  }
  api.lua_settop(L, -2);
  return flags;
}
