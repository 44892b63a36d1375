/**
 * Scripts that try to get out of their sandbox, to write where they must not, or to bring the server down: what
 * Redis's security advisories tell of, and what lies beside it. Each has to be answered, most by an error.
 */

export type Escape = {
  readonly name: string;
  readonly script: string;
  /** The reply, as `shown` has it. */
  readonly expected: RegExp;
};

const REFUSED = /^-/;
const NIL = /^nil$/;
/** Anything, as long as it is an answer. */
const ANY = /./;
/** A script that has tried something within `pcall` and tells that it was refused. */
const FAILED = /^"failed"$/;

/** A script that answers `failed` when what it tries is refused. */
const attempt = (code: string): string =>
  `local ok, problem = pcall(function() ${code} end) return ok and 'done' or 'failed'`;
const many = (text: string, count: number): string => text.repeat(count);

type Rows = readonly (readonly [name: string, script: string, expected: RegExp])[];
const escapes = (rows: Rows): readonly Escape[] =>
  rows.map(([name, script, expected]) => ({ name, script, expected }));

/** Ways out: to files, programs, other code. */
// biome-ignore format: a table reads in columns
export const WAYS_OUT = escapes([
  ['package.loadlib', 'return package.loadlib("/lib/x86_64-linux-gnu/liblua5.1.so.0", "luaopen_io")', REFUSED],
  ['package', 'return package.path', REFUSED],
  ['require', 'return require("io")', REFUSED],
  ['module', 'module("x", package.seeall)', REFUSED],
  ['io.popen', 'return io.popen("id"):read("*a")', REFUSED],
  ['io.open', 'return io.open("/etc/passwd"):read("*a")', REFUSED],
  ['os.execute', 'return os.execute("id")', REFUSED],
  ['os.exit', 'os.exit(1)', REFUSED],
  ['os.getenv', 'return os.getenv("HOME")', REFUSED],
  ['os.remove', 'return os.remove("/tmp/x")', REFUSED],
  ['os.tmpname', 'return os.tmpname()', REFUSED],
  ['os has a clock alone', 'local names = {} for name in pairs(os) do names[#names + 1] = name end return names', /^\["clock"\]$|nonexistent global variable 'os'/],
  ['dofile', 'return dofile("/etc/passwd")', REFUSED],
  ['loadfile', 'return loadfile("/etc/passwd")', REFUSED],
  ['debug', 'return debug.getregistry()', REFUSED],
  ['debug.sethook', 'debug.sethook() while true do end', REFUSED],
  ['debug.setmetatable', 'debug.setmetatable(1, {})', REFUSED],
  ['getfenv', 'return getfenv(0)', REFUSED],
  ['setfenv', 'setfenv(1, {})', REFUSED],
  ['newproxy', 'return newproxy(true)', REFUSED],
  ['print', 'print("x")', REFUSED],
  ['names of a host language', 'return process or globalThis or require or Module', REFUSED],
  ['bytecode by EVAL', '\x1bLuaQ\0\x01\x04\x08\x04\x08\0', REFUSED],
  ['bytecode by loadstring', 'local code = loadstring("\\27LuaQ\\0\\1\\4\\8\\4\\8\\0") return code == nil and "failed"', FAILED],
  ['bytecode by load', 'local given = false local code = load(function() if given then return nil end given = true return "\\27LuaQ\\0\\1\\4\\8\\4\\8\\0" end) return code == nil and "failed"', FAILED],
  ['bytecode of a function', attempt('assert(loadstring(string.dump(function() return 1 end)))()'), FAILED],
]);

/** What scripts share they may read. */
// biome-ignore format: a table reads in columns
export const SHARED_STATE = escapes([
  ['a global', 'leaked = 1', REFUSED],
  ['a global of a function', 'function leaked() end', REFUSED],
  ['a global by _G', '_G.leaked = 1', REFUSED],
  ['a global by rawset', 'rawset(_G, "leaked", 1)', REFUSED],
  ['a global by setmetatable', 'setmetatable(_G, {__index = function() return 1 end})', REFUSED],
  ['a global by its metatable', attempt('getmetatable(_G).__index = nil'), FAILED],
  ['_G itself', '_G = {}', REFUSED],
  ['a global that is not there', 'return leaked', REFUSED],
  ['a library\'s function', 'string.rep = nil', REFUSED],
  ['a library\'s new function', 'math.leaked = 1', REFUSED],
  ['a library by rawset', 'rawset(string, "leaked", 1)', REFUSED],
  ['a library by table.insert', 'table.insert(table, 1)', REFUSED],
  ['a library by table.sort', attempt('table.sort(string) string[1] = 1'), FAILED],
  ['a library by its metatable', 'setmetatable(string, {})', REFUSED],
  ['cjson', 'cjson.encode = nil', REFUSED],
  ['cmsgpack', 'cmsgpack.leaked = 1', REFUSED],
  ['bit', 'bit.leaked = 1', REFUSED],
  ['struct', 'struct.leaked = 1', REFUSED],
  ['redis', 'redis.call = function() return 1 end', REFUSED],
  ['redis by its metatable', 'setmetatable(redis, {})', REFUSED],
  ['strings by their metatable', attempt('getmetatable("").__index = {}'), FAILED],
  ['strings by their methods', attempt('getmetatable("").__index.leaked = 1'), FAILED],
  ['strings by another operator', attempt('getmetatable("").__add = function() return 1 end'), FAILED],
  ['strings by a call', attempt('getmetatable("").__call = function() return 1 end'), FAILED],
  ['cjson\'s null', attempt('getmetatable(cjson.null).__index = {}'), FAILED],
  ['all is as it was', 'return {type(string.rep), type(redis.call), ("x"):upper(), tostring(rawget(_G, "leaked"))}', /^\["function", "function", "X", "nil"\]$/],
]);

/** Too much of something. */
// biome-ignore format: a table reads in columns
export const TOO_MUCH = escapes([
  ['recursion', 'local function f() return 1 + f() end return f()', REFUSED],
  ['recursion by pcall', 'local function f() return pcall(f) end return tostring(f())', ANY],
  ['recursion by coroutines', 'local function f() return coroutine.wrap(f)() end return f()', REFUSED],
  ['recursion by a metatable', 'local t = {} setmetatable(t, {__index = function(_, k) return t[k .. 1] end}) return t.x', REFUSED],
  ['recursion by tostring', 'return tostring(setmetatable({}, {__tostring = function(t) return tostring(t) end}))', REFUSED],
  ['recursion by gsub', 'local function f() return (("x"):gsub("x", f)) end return f()', REFUSED],
  ['recursion by sort', 'local function f() table.sort({2, 1}, f) end f()', REFUSED],
  ['recursion by concat', 'local t = setmetatable({}, {__concat = function(a, b) return a .. b end}) return t .. t', REFUSED],
  ['recursion in errors', 'local function f() error(setmetatable({}, {__tostring = f})) end xpcall(f, f)', ANY],
  ['a chain of metatables', 'local t = {} setmetatable(t, {__index = t}) return t.x', REFUSED],
  ['coroutines in coroutines', 'local function f(n) if n == 0 then return 0 end return coroutine.wrap(function() return f(n - 1) end)() end return f(100000)', REFUSED],
  ['yield out of a script', 'coroutine.yield(1)', REFUSED],
  ['yield across pcall', 'return coroutine.wrap(function() pcall(function() coroutine.yield(1) end) end)()', ANY],
  ['parentheses', `return ${many('(', 100_000)}1${many(')', 100_000)}`, REFUSED],
  ['braces', `return ${many('{', 100_000)}${many('}', 100_000)}`, REFUSED],
  ['nested functions', `${many('return function() ', 5000)}${many('end ', 5000)}`, REFUSED],
  ['unary operators', `return ${many('not ', 100_000)}1`, REFUSED],
  ['concatenations', `return 1${many('..1', 100_000)}`, REFUSED],
  ['powers', `return 1${many('^1', 100_000)}`, REFUSED],
  ['local variables', many('local x ', 300), REFUSED],
  ['upvalues', `${many('local a, b, c, d, e ', 35)}local f = function() return a, b, c, d, e end return f() == nil and "failed"`, FAILED],
  ['a long bracket', `local ok = loadstring("return [" .. ("="):rep(1000000) .. "[x") return ok == nil and "failed"`, FAILED],
  ['constants', 'local code = {"return {"} for n = 1, 300000 do code[n + 1] = n .. ".5," end code[#code + 1] = "}" local made = loadstring(table.concat(code)) return made == nil and "failed"', FAILED],
  ['a collection while it loads', 'local n = 0 local code = load(function() n = n + 1 collectgarbage() if n < 50 then return "local x" .. n .. " = {\\"text" .. n .. "\\"} " end end, "=name" .. n) collectgarbage() return tostring(code ~= nil)', /^"true"$/],
  ['unpack', 'return {unpack({}, 1, 100000000)}', REFUSED],
  ['unpack, past all integers', 'return {unpack({}, -2147483648, 2147483647)}', REFUSED],
  ['unpack, below all integers', 'return #{unpack({1}, 0, -2147483648)}', /^:0$/],
  ['unpack of a hole', 'return {unpack({}, 2147483647, -2147483648)}', ANY],
  ['select', 'return {select(-2147483648, 1)}', REFUSED],
  ['string.byte', 'return {("x"):rep(3000000):byte(1, -1)}', REFUSED],
  ['string.char', 'return string.char(unpack({}, 1, 20000000))', REFUSED],
  ['table.concat', 'return table.concat({}, "x", 1, 2147483647)', REFUSED],
  ['table.concat backwards', 'return table.concat({}, "x", 2147483647, -2147483648)', ANY],
  ['table.insert', 'local t = {} table.insert(t, 2147483647, 1) return #t', ANY],
  ['table.sort by a liar', 'local t = {} for n = 1, 1000 do t[n] = n end table.sort(t, function() return true end) return "failed"', ANY],
  ['table.sort that changes', 'local t = {} for n = 1, 200 do t[n] = n end pcall(table.sort, t, function(a, b) for n = 1, 200 do t[n] = nil end return true end) return "failed"', FAILED],
  ['next of what is not there', 'return next({}, "x")', REFUSED],
  ['a table that grows while it is walked', attempt('local t = {1} for k in pairs(t) do for n = 1, 100 do t[n .. "x"] = n end end error()'), FAILED],
  ['string.format, a width', 'return string.format("%99999999d", 1)', REFUSED],
  ['string.format, a precision', 'return string.format("%.99999999f", 1)', REFUSED],
  ['string.format, flags', 'return string.format("%------------------------d", 1)', REFUSED],
  ['string.format, %n', 'return string.format("%n", 1)', REFUSED],
  ['string.format, no arguments', `return string.format("${many('%s', 5000)}")`, REFUSED],
  ['string.format, a large number', 'return #string.format("%99.99f", 1e308)', /^:4\d\d$/],
  ['patterns, captures', `return ("x"):find("${many('(', 1000)}")`, REFUSED],
  ['patterns, unfinished', 'return {("x"):find("%"), ("x"):find("[a"), ("x"):find("%f"), ("x"):find("%b")}', REFUSED],
  ['patterns, frontier at the end', 'return ("x"):find("%f[%z]")', ANY],
  ['string.gsub, a wrong capture', 'return ("x"):gsub("x", "%9")', REFUSED],
  ['math.random of nothing', 'return math.random(0)', REFUSED],
  ['math.random of too much', 'return math.random(-9007199254740992, 9007199254740992)', ANY],
  ['tonumber of any base', 'return tonumber("1", 99)', REFUSED],
  ['string.rep of less than nothing', 'return ("x"):rep(-2147483648)', /^""$/],
]);

/** The libraries written in C, whose arithmetic has overflowed. */
// biome-ignore format: a table reads in columns
export const LIBRARIES = escapes([
  ['bit.tohex of least', 'return bit.tohex(65535, -2147483648)', /^"0000FFFF"$/],
  ['bit.tohex of many', 'return bit.tohex(65535, 2147483647)', /^"0000ffff"$/],
  ['bit of no number', 'return bit.band(1, {})', REFUSED],
  ['bit of what is none', 'return bit.bor(0/0, 1/0) and "failed"', FAILED],
  ['struct.pack, a size', 'return struct.pack(">I2147483648", 10)', REFUSED],
  ['struct.pack, a huge size', 'return struct.pack(">I99999999999999999999", 10)', REFUSED],
  ['struct.pack, an alignment', 'return struct.pack("!2147483648d", 10)', REFUSED],
  ['struct.pack, a length', 'return struct.pack("c99999999999", "x")', REFUSED],
  ['struct.size', 'return struct.size("!16c2147483647i")', ANY],
  ['struct.unpack, a size', 'return struct.unpack(">I18446744073709551616", "x")', REFUSED],
  ['struct.unpack, a length', 'return struct.unpack("c2147483647", "x")', REFUSED],
  ['struct.unpack, a length that was read', 'return struct.unpack("Bc0", "\\255x")', REFUSED],
  ['struct.unpack, from behind', 'return struct.unpack("i4", "abcd", 2147483647)', REFUSED],
  ['struct.unpack, from before', 'return struct.unpack("i4", "abcd", -1)', REFUSED],
  ['struct.unpack, without an end', 'return struct.unpack("s", "abcd")', REFUSED],
  ['struct.unpack, many results', `return #{struct.unpack("${many('B', 20_000)}", ("x"):rep(20000))}`, ANY],
  ['cmsgpack.pack, deep', 'local t = {} for n = 1, 100000 do t = {t} end return #cmsgpack.pack(t)', ANY],
  ['cmsgpack.pack, itself', 'local t = {} t[1] = t return #cmsgpack.pack(t)', ANY],
  ['cmsgpack.unpack, deep', 'return cmsgpack.unpack(("\\145"):rep(200000))', REFUSED],
  ['cmsgpack.unpack, deep maps', 'return cmsgpack.unpack(("\\129\\1"):rep(200000))', REFUSED],
  ['cmsgpack.unpack, many', 'return cmsgpack.unpack("\\221\\255\\255\\255\\255")', REFUSED],
  ['cmsgpack.unpack, a long string', 'return cmsgpack.unpack("\\219\\255\\255\\255\\255x")', REFUSED],
  ['cmsgpack.unpack, cut short', 'return cmsgpack.unpack("\\203\\1")', REFUSED],
  ['cmsgpack.unpack, what is none', 'return cmsgpack.unpack("\\193")', REFUSED],
  ['cmsgpack.unpack, many values', 'return #{cmsgpack.unpack(("\\1"):rep(100000))}', ANY],
  ['cmsgpack.unpack_limit', 'return cmsgpack.unpack_limit("\\1\\2", -5, 0)', REFUSED],
  ['cmsgpack.unpack_one, from behind', 'return cmsgpack.unpack_one("\\1", 1000)', REFUSED],
  ['cmsgpack.unpack_one, from before', 'return cmsgpack.unpack_one("\\1", -1)', REFUSED],
  ['cjson.encode, deep', 'local t = {} for n = 1, 100000 do t = {t} end return cjson.encode(t)', REFUSED],
  ['cjson.encode, itself', 'local t = {} t[1] = t return cjson.encode(t)', REFUSED],
  ['cjson.encode, sparse', 'return cjson.encode({[1] = 1, [2147483647] = 1})', REFUSED],
  ['cjson.encode, no number', 'return cjson.encode(0/0)', REFUSED],
  ['cjson.encode, a function', 'return cjson.encode(print)', REFUSED],
  ['cjson.decode, deep', 'return cjson.decode(("["):rep(200000))', REFUSED],
  ['cjson.decode, half a letter', 'return cjson.decode("\\"\\\\ud800\\"")', REFUSED],
  ['cjson.decode, nothing', 'return cjson.decode("")', REFUSED],
  ['cjson.decode, a zero byte', 'return cjson.decode("[1,\\0")', REFUSED],
]);

/** What comes back, and what is asked of the server. */
// biome-ignore format: a table reads in columns
export const ANSWERS = escapes([
  ['an error without text', 'error()', REFUSED],
  ['an error that is false', 'error(false)', REFUSED],
  ['an error of lines', 'error("a\\r\\n+OK\\r\\n")', /^-[^\r\n]*$/],
  ['an error table of lines', 'error({err = "a\\r\\n+OK\\r\\n"})', /^-[^\r\n]*$/],
  ['an error reply of lines', 'return {err = "A a\\r\\n+OK\\r\\n:1\\n"}', /^-A a[^\r\n]*$/],
  ['redis.error_reply of lines', 'return redis.error_reply("A a\\r\\n+OK\\r\\n")', /^-A a[^\r\n]*$/],
  ['a status of lines', 'return {ok = "a\\r\\n:1\\r\\n"}', /^\+a[^\r\n]*$/],
  ['redis.status_reply of lines', 'return redis.status_reply("a\\n:1\\n")', /^\+a[^\r\n]*$/],
  ['an error with a table for text', 'return {err = {}}', ANY],
  ['a status with a function for text', 'return {ok = print}', ANY],
  ['an unknown command of lines', 'return redis.call("a\\r\\n+OK\\r\\n")', /^-[^\r\n]*$/],
  ['a large number of lines', 'redis.setresp(3) return {big_number = "1\\r\\n:1"}', ANY],
  ['a verbatim string of a wrong form', 'redis.setresp(3) return {verbatim_string = {format = "a\\r\\n:1", string = "x"}}', ANY],
  ['a verbatim string of nothing', 'redis.setresp(3) return {verbatim_string = {}}', ANY],
  ['a map that is none', 'redis.setresp(3) return {map = 1}', ANY],
  ['a double that is none', 'return {double = "x\\r\\n"}', ANY],
  ['a function', 'return function() end', ANY],
  ['a coroutine', 'return coroutine.create(function() end)', ANY],
  ['a number that is none', 'return {0/0, 1/0, -1/0, 2^63, -2^63, 2^31}', ANY],
  ['a table with a hole', 'return {1, nil, 3}', /^\[:1\]$/],
  ['a table whose length lies', 'return setmetatable({}, {__len = function() return 1000000 end, __index = function() return 1 end})', ANY],
  ['no command', 'redis.call()', REFUSED],
  ['a command that is a table', 'redis.call({})', REFUSED],
  ['a command that is nil', 'redis.call(nil)', REFUSED],
  ['a command that is empty', 'redis.call("")', REFUSED],
  ['an argument that is a table', 'redis.call("set", "x", {})', REFUSED],
  ['a command with many arguments', 'local t = {} for n = 1, 7000 do t[n] = "x" end return redis.call("echo", unpack(t))', REFUSED],
  ['a command with far too many', 'local t = {} for n = 1, 10000000 do t[n] = 1 end return redis.call("del", unpack(t))', REFUSED],
  ['a command with a long argument', 'redis.call("set", "long", ("x"):rep(50000000)) return redis.call("strlen", "long")', ANY],
  ['a script in a script', 'return redis.call("eval", "return 1", 0)', REFUSED],
  ['a function in a script', 'return redis.call("fcall", "f", 0)', REFUSED],
  ['a registered function', 'redis.register_function("f", function() end)', REFUSED],
  ['another version', 'redis.setresp(4)', REFUSED],
  ['another way to replicate', 'redis.set_repl(99)', REFUSED],
  ['a log without a level', 'redis.log("x")', REFUSED],
  ['a log of no level', 'redis.log(99, "x")', REFUSED],
  ['a digest of nothing', 'redis.sha1hex()', REFUSED],
  ['a digest of a table', 'return redis.sha1hex({})', ANY],
  ['an argument that is not there', 'return redis.call("get", KEYS[1])', REFUSED],
  ['KEYS of the script before', 'return #KEYS + #ARGV', /^:0$/],
  ...'auth|hello|multi|exec|watch|subscribe|psubscribe|monitor|shutdown|debug|config|script|client|reset|quit|function|bgsave|replicaof|sync'
    .split('|')
    .map((name) => [`the command ${name}`, `return redis.call("${name}", "x", "y", "z")`, REFUSED] as const),
  ['a blocking command', 'return {redis.call("blpop", "nothing", 0) == false, redis.call("bzpopmin", "nothing", 0) == false}', /^\[:1, :1\]$|not allowed from script/],
  ['a refusal that is caught', 'local refused = redis.pcall("incr", "x", "y") return refused.err ~= nil', /^:1$/],
  ['a value that is not there', 'return redis.call("get", "nothing") == false and "failed"', FAILED],
  ['nothing', 'return nil', NIL],
]);

/** What brings redis-server down, or did: it is not tried on one. */
// biome-ignore format: a table reads in columns
export const FATAL_TO_PEERS = escapes([
  ['an error that is a table', 'error({})', REFUSED],
  ['patterns, deep', 'return ("x"):rep(300000):find(("x?"):rep(300000))', ANY],
]);

/** As those, by all the memory that there is. */
// biome-ignore format: a table reads in columns
export const BOMBS = escapes([
  ['string.rep', 'return #("x"):rep(2000000000)', REFUSED],
  ['string.rep of more than any integer', 'return #("x"):rep(2^53)', ANY],
  ['string.rep again and again', 'local s = "x" while true do s = s .. s end', REFUSED],
  ['tables', 'local t = {} for n = 1, math.huge do t[n] = {n, {}} end', REFUSED],
  ['gsub', 'local s = ("x"):rep(100000) return #s:gsub("x", s)', REFUSED],
  ['format', 'local s = ("x"):rep(50000000) return #string.format("%s%s%s%s%s%s%s%s%s%s", s, s, s, s, s, s, s, s, s, s):rep(100)', REFUSED],
  ['coroutines', 'local t = {} for n = 1, math.huge do t[n] = coroutine.create(function() end) end', REFUSED],
]);
