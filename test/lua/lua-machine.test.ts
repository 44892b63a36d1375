/**
 * The Lua machine: calls in both directions, errors across them, and what is left when memory is used up.
 */
import { describe, expect, it } from 'vitest';
import { LUA, LUA_HOOK, LUA_STATUS } from '../../src/lua/lua-api.ts';
import {
  LuaMachine,
  LuaPanic,
  luaArgumentRefuse,
  luaFunctionSet,
  luaLoad,
  luaPushText,
  luaRaise,
  luaRaiseHere,
  luaText,
} from '../../src/lua/lua-machine.ts';

const MEMORY_BYTES = 64 << 20;

function machineWithLibraries(memoryBytesMax = MEMORY_BYTES): LuaMachine {
  const machine = new LuaMachine(memoryBytesMax);
  const { api, L } = machine;
  for (const open of [api.luaopen_base, api.luaopen_string, api.luaopen_table]) {
    open(L);
    api.lua_settop(L, 0);
  }
  return machine;
}

/** Runs a chunk; its result, or its error behind `!`, as text. */
function run(machine: LuaMachine, chunk: string): string {
  const { api, L } = machine;
  const source = Buffer.from(chunk, 'latin1');
  const status =
    luaLoad(machine, L, source, 0, source.length, '@chunk') || machine.call(L, 0, 1, 0);
  const text = luaText(machine, L, -1);
  api.lua_settop(L, 0);
  return status === LUA_STATUS.OK ? text : `!${text}`;
}

describe('LuaMachine', () => {
  it('runs Lua 5.1', () => {
    const machine = machineWithLibraries();
    expect(run(machine, 'return _VERSION .. " " .. 7 / 2')).toBe('Lua 5.1 3.5');
    expect(run(machine, 'error("oh")')).toBe('!chunk:1: oh');
    expect(run(machine, 'return +')).toBe("!chunk:1: unexpected symbol near '+'");
  });

  it('lets Lua call functions of JavaScript, and these raise errors', () => {
    const machine = machineWithLibraries();
    const { api, L } = machine;
    luaFunctionSet(machine, L, LUA.GLOBALS, 'twice', (state) => {
      api.lua_pushnumber(state, api.luaL_checknumber(state, 1) * 2);
      return 1;
    });
    luaFunctionSet(machine, L, LUA.GLOBALS, 'raise', (state) => luaRaise(machine, state, 'plain'));
    luaFunctionSet(machine, L, LUA.GLOBALS, 'raise_here', (state) =>
      luaRaiseHere(machine, state, 'placed'),
    );
    luaFunctionSet(machine, L, LUA.GLOBALS, 'refuse', (state) =>
      luaArgumentRefuse(machine, state, 2, 'not that'),
    );
    expect(run(machine, 'return twice(21)')).toBe('42');
    expect(run(machine, 'return twice({})')).toBe(
      "!chunk:1: bad argument #1 to 'twice' (number expected, got table)",
    );
    expect(run(machine, 'raise()')).toBe('!plain');
    expect(run(machine, '\nraise_here()')).toBe('!chunk:2: placed');
    expect(run(machine, 'refuse()')).toBe("!chunk:1: bad argument #2 to 'refuse' (not that)");
    expect(run(machine, 'return select(2, pcall(raise)) .. twice(1)')).toBe('plain2');
    expect(run(machine, 'return coroutine.wrap(function() return twice(4) end)()')).toBe('8');
    expect(machine.isBroken).toBe(false);
  });

  it('takes bytes of any value and length', () => {
    const machine = machineWithLibraries();
    const { api, L } = machine;
    const long = '\0\xff'.repeat(100_000);
    luaPushText(machine, L, long);
    expect(luaText(machine, L, -1)).toBe(long);
    api.lua_settop(L, 0);
  });

  it('reports used up memory as an error, and is usable after it', () => {
    const machine = machineWithLibraries(32 << 20);
    const bomb = 'local t = {} for i = 1, 1e9 do t[i] = string.rep("x", 1e5) .. i end';
    for (let round = 0; round < 3; round++) {
      expect(run(machine, bomb)).toBe('!not enough memory');
      expect(run(machine, 'return #string.rep("x", 1e6)')).toBe('1000000');
    }
    expect(machine.memoryBytes).toBeLessThanOrEqual(32 << 20);
    expect(machine.isBroken).toBe(false);
  });

  it('is broken by an error of ours, by a panic and by a stack that was used up', () => {
    const machine = machineWithLibraries();
    luaFunctionSet(machine, machine.L, LUA.GLOBALS, 'fault', () => {
      throw new Error('ours');
    });
    expect(() => run(machine, 'pcall(fault)')).toThrow('ours');
    expect(machine.isBroken).toBe(true);

    const second = machineWithLibraries();
    expect(() => luaRaise(second, second.L, 'nobody waits')).toThrow(LuaPanic);
    expect(second.isBroken).toBe(true);

    const third = machineWithLibraries();
    const deep = 'return string.find(string.rep("a", 500000), string.rep("a?", 500000))';
    expect(() => run(third, deep)).toThrow(RangeError);
    expect(third.isBroken).toBe(true);
  });

  it('ends recursion by an error of Lua', () => {
    const machine = machineWithLibraries();
    expect(run(machine, 'local function f() return 1 + f() end return f()')).toContain(
      'stack overflow',
    );
    const nested = 'local function f() return (string.gsub("a", "a", f)) end return f()';
    expect(run(machine, nested)).toContain('C stack overflow');
    expect(run(machine, 'local function f() coroutine.wrap(f)() end f()')).toContain(
      'C stack overflow',
    );
    expect(machine.isBroken).toBe(false);
  });

  it('calls a hook every so many instructions, which may end the script', () => {
    const machine = machineWithLibraries();
    const { api, L } = machine;
    let calls = 0;
    const hook = machine.hookAdd((state) => {
      calls++;
      if (calls === 3) luaRaiseHere(machine, state, 'enough');
    });
    api.lua_sethook(L, hook, LUA_HOOK.COUNT, 1000);
    expect(run(machine, 'while true do end')).toContain('enough');
    expect(calls).toBe(3);
  });
});
