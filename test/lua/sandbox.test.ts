/**
 * The sandbox: what scripts may use, and that nothing they do changes what other scripts find.
 */
import { describe, expect, it } from 'vitest';
import { LUA_STATUS } from '../../src/lua/lua-api.ts';
import { luaLoad, luaText } from '../../src/lua/lua-machine.ts';
import { Sandbox } from '../../src/lua/sandbox.ts';

function lockedSandbox(): Sandbox {
  const sandbox = new Sandbox(64 << 20);
  sandbox.lock();
  return sandbox;
}

/** Runs a chunk; its result, or its error behind `!`, as text. */
function run({ machine }: Sandbox, chunk: string): string {
  const { api, L } = machine;
  const source = Buffer.from(chunk, 'latin1');
  const status = luaLoad(machine, L, source, 0, source.length, '@s') || machine.call(L, 0, 1, 0);
  const text = luaText(machine, L, -1);
  api.lua_settop(L, 0);
  return status === LUA_STATUS.OK ? text : `!${text}`;
}

const READ_ONLY = 'Attempt to modify a readonly table';

describe('Sandbox', () => {
  it('has the globals of a Redis, and no others', () => {
    const names =
      'local t = {} for k in pairs(_G) do t[#t + 1] = k end table.sort(t) return table.concat(t, " ")';
    expect(run(lockedSandbox(), names)).toBe(
      '_G _VERSION assert collectgarbage coroutine error gcinfo getmetatable ipairs load loadstring ' +
        'math next os pairs pcall rawequal rawget rawset select setmetatable string table tonumber ' +
        'tostring type unpack xpcall',
    );
  });

  it('lets libraries be read and looked through', () => {
    const sandbox = lockedSandbox();
    expect(run(sandbox, 'local n = 0 for k in pairs(string) do n = n + 1 end return n')).toBe('15');
    expect(run(sandbox, 'return rawget(math, "floor")(2.5)')).toBe('2');
    expect(run(sandbox, 'return type(next(table))')).toBe('string');
    expect(run(sandbox, 'return ("x"):rep(3) .. #"abc"')).toBe('xxx3');
    expect(run(sandbox, 'return type(_G._G.string.format)')).toBe('function');
    expect(
      run(sandbox, 'local t = {} for k, v in pairs({a = 1, 5}) do t[#t+1] = v end return #t'),
    ).toBe('2');
  });

  it.each([
    ['x = 1', `s:1: ${READ_ONLY}`],
    ['_G = {}', `s:1: ${READ_ONLY}`],
    ['_G.x = 1', `s:1: ${READ_ONLY}`],
    ['string.rep = 1', `s:1: ${READ_ONLY}`],
    ['math.pi = 3', `s:1: ${READ_ONLY}`],
    ['rawset(_G, "x", 1)', READ_ONLY],
    ['rawset(string, "rep", 1)', READ_ONLY],
    ['setmetatable(_G, {})', READ_ONLY],
    ['setmetatable(string, nil)', READ_ONLY],
    ['table.insert(table, 1)', READ_ONLY],
    ['table.insert(_G, 1, 2)', READ_ONLY],
    ['getmetatable(_G).__index = {}', `s:1: ${READ_ONLY}`],
    ['getmetatable(_G).__newindex = nil', `s:1: ${READ_ONLY}`],
    ['rawset(getmetatable(_G), "__newindex", 1)', READ_ONLY],
    ['setmetatable(getmetatable(_G), {})', READ_ONLY],
    ['getmetatable("").__index = function() end', `s:1: ${READ_ONLY}`],
    ['getmetatable("").__index.rep = 1', `s:1: ${READ_ONLY}`],
    ['rawset(getmetatable(""), "__index", {})', READ_ONLY],
    ['setmetatable(getmetatable(""), {})', READ_ONLY],
    ['return x', "s:1: Script attempted to access nonexistent global variable 'x'"],
    ['print(1)', "s:1: Script attempted to access nonexistent global variable 'print'"],
    ['setfenv(1, {})', "s:1: Script attempted to access nonexistent global variable 'setfenv'"],
    ['os.execute("x")', "s:1: attempt to call field 'execute' (a nil value)"],
  ])('refuses %s', (chunk, error) => {
    const sandbox = lockedSandbox();
    expect(run(sandbox, chunk)).toBe(`!${error}`);
    expect(
      run(sandbox, 'return ("ab"):rep(2) .. math.floor(1.5) .. tostring(rawget(_G, "x"))'),
    ).toBe('abab1nil');
  });

  it('takes no compiled code', () => {
    const sandbox = lockedSandbox();
    const dumped = 'string.dump(function() return 1 end)';
    expect(run(sandbox, `local f, e = loadstring(${dumped}) return tostring(f) .. e`)).toContain(
      'unexpected symbol near',
    );
    const piecewise = `local d, n = ${dumped}, 0
      local f, e = load(function() n = n + 1 return n <= #d and d:sub(n, n) or nil end)
      return tostring(f) .. e`;
    expect(run(sandbox, piecewise)).toContain('nil(load):1: unexpected symbol');
    expect(run(sandbox, dumped.replace('string.dump', 'return string.dump'))).not.toBe('');
  });

  it('compiles source as Lua does', () => {
    const sandbox = lockedSandbox();
    expect(run(sandbox, 'return loadstring("return 1 + 1")()')).toBe('2');
    expect(run(sandbox, 'return select(2, loadstring("return +", "@name"))')).toBe(
      "name:1: unexpected symbol near '+'",
    );
    expect(run(sandbox, 'return select(2, loadstring("return +"))')).toBe(
      `[string "return +"]:1: unexpected symbol near '+'`,
    );
    const pieces = 'local p = {"return ", "4", "2"} local n = 0';
    expect(run(sandbox, `${pieces} return load(function() n = n + 1 return p[n] end)()`)).toBe(
      '42',
    );
    expect(run(sandbox, 'return select(2, load(function() return {} end))')).toBe(
      'reader function must return a string',
    );
    expect(run(sandbox, 'loadstring("x = 1")()')).toContain(READ_ONLY);
  });

  it('has pcall give the text of an error that is a table', () => {
    const sandbox = lockedSandbox();
    expect(run(sandbox, 'return select(2, pcall(error, {err = "MY text"}))')).toBe('MY text');
    expect(run(sandbox, 'return type(select(2, pcall(error, {other = 1})))')).toBe('table');
    expect(run(sandbox, 'return select("#", pcall(function() return 1, nil, nil end))')).toBe('4');
    expect(run(sandbox, 'return select(2, pcall(error, "x"))')).toBe('x');
    expect(run(sandbox, 'pcall()')).toBe("!s:1: bad argument #1 to 'pcall' (value expected)");
  });

  it('inserts as the library does', () => {
    const sandbox = lockedSandbox();
    const insert = (call: string): string =>
      run(sandbox, `local t = {1, 2, 3} ${call} return table.concat(t, ",")`);
    expect(insert('table.insert(t, 4)')).toBe('1,2,3,4');
    expect(insert('table.insert(t, 1, 0)')).toBe('0,1,2,3');
    expect(insert('table.insert(t, 3, 9)')).toBe('1,2,9,3');
    expect(insert('table.insert(t)')).toBe("!s:1: wrong number of arguments to 'insert'");
    expect(insert('table.insert(1, 2)')).toBe(
      "!s:1: bad argument #1 to 'insert' (table expected, got number)",
    );
  });

  it('gives the numbers of Redis for a seed', () => {
    const sandbox = lockedSandbox();
    expect(run(sandbox, 'return math.random(1000000)')).toBe('396465');
    expect(run(sandbox, 'math.randomseed(1) return math.random(1000)')).toBe('42');
    expect(run(sandbox, 'math.random(0)')).toBe(
      "!s:1: bad argument #1 to 'random' (interval is empty)",
    );
  });

  it('knows no way from coroutines and metatables to the originals', () => {
    const sandbox = lockedSandbox();
    expect(run(sandbox, 'coroutine.wrap(function() x = 1 end)()')).toContain(READ_ONLY);
    expect(run(sandbox, 'coroutine.wrap = nil')).toBe(`!s:1: ${READ_ONLY}`);
    const proxy = 'local p = setmetatable({}, {__index = _G, __newindex = _G}) p.x = 1';
    expect(run(sandbox, proxy)).toContain(READ_ONLY);
    expect(run(sandbox, 'return tostring(select(2, pairs(_G)) == _G)')).toBe('true');
  });
});
