/** Sessions of EVAL and SCRIPT: what is known of scripts, and what they may do. */
import { type Session, session } from './session.ts';

const NO_SCRIPT = '-NOSCRIPT No matching script. Please use EVAL.';
const ONE = 'e0e1f9fabfc9d4800c877a703b823ac0578ff8db'; // return 1
const unknown = (word: string): string => `-ERR unknown subcommand '${word}'. Try SCRIPT HELP.`;

export const SCRIPT_SESSIONS: readonly Session[] = [
  session('a script that was evaluated is known by its SHA1', [
    ['script flush', '+OK'],
    [`evalsha ${ONE} 0`, NO_SCRIPT],
    [['eval', 'return 1', '0'], ':1'],
    [`evalsha ${ONE} 0`, ':1'],
    [`evalsha ${ONE.toUpperCase()} 0`, ':1'],
    [`evalsha ${ONE}0 0`, NO_SCRIPT],
    ['evalsha abc 0', NO_SCRIPT],
    [`script exists ${ONE} ${ONE.toUpperCase()} abc`, '[:1, :1, :0]'],
    ['script flush sync', '+OK'],
    [`script exists ${ONE}`, '[:0]'],
  ]),
  session('a script that was loaded is known, and has not run', [
    ['script flush async', '+OK'],
    [['script', 'load', 'return 1'], `"${ONE}"`],
    [['script', 'load', 'return 1'], `"${ONE}"`],
    [`evalsha ${ONE} 0`, ':1'],
    [`evalsha_ro ${ONE} 0`, ':1'],
    [
      ['script', 'load', 'return }'],
      /^-ERR Error compiling script \(new function\): user_script:1:/,
    ],
    [['script', 'load', '#!lua flags=x\nreturn 1'], '-ERR Unexpected flag in script shebang: x'],
  ]),
  session('arguments that make no sense', [
    [['eval', 'return 1', 'a'], '-ERR value is not an integer or out of range'],
    [['eval', 'return 1', '1.5'], '-ERR value is not an integer or out of range'],
    [['eval', 'return 1', '2', 'a'], "-ERR Number of keys can't be greater than number of args"],
    [['eval', 'return 1', '-1', 'a'], "-ERR Number of keys can't be negative"],
    [['eval', 'return 1'], "-ERR wrong number of arguments for 'eval' command"],
    [`evalsha ${ONE} x`, '-ERR value is not an integer or out of range'],
    ['script', "-ERR wrong number of arguments for 'script' command"],
    ['script foo', unknown('foo')],
    ['script exists', "-ERR wrong number of arguments for 'script|exists' command"],
    ['script flush x', '-ERR SCRIPT FLUSH only support SYNC|ASYNC option'],
    ['script flush sync x', '-ERR SCRIPT FLUSH only support SYNC|ASYNC option'],
    ['script kill', '-NOTBUSY No scripts in execution right now.'],
    ['script debug x', '-ERR Use SCRIPT DEBUG YES/SYNC/NO'],
    ['script debug no', '+OK'],
    ['script help', /^\[\+SCRIPT <subcommand> /],
  ]),
  session('scripts that only read', [
    ['set a 1', '+OK'],
    [['eval_ro', "return redis.call('get', KEYS[1])", '1', 'a'], '"1"'],
    [
      ['eval_ro', "return redis.call('set', KEYS[1], 2)", '1', 'a'],
      /^-ERR Write commands are not allowed from read-only scripts\. script: /,
    ],
    [
      ['eval', "#!lua flags=no-writes\nreturn redis.call('del', KEYS[1])", '1', 'a'],
      /^-ERR Write commands are not allowed from read-only scripts\. script: .*:2\.$/,
    ],
    [
      ['eval_ro', "#!lua\nreturn redis.call('get', KEYS[1])", '1', 'a'],
      '-ERR Can not execute a script with write flag using *_ro command.',
    ],
    [['eval_ro', "return redis.pcall('publish', 'x', 'y').err", '0'], /^"ERR Write commands/],
    ['get a', '"1"'],
  ]),
  session('scripts in transactions', [
    ['multi', '+OK'],
    [['eval', "return redis.call('incr', KEYS[1])", '1', 'n'], '+QUEUED'],
    [['eval', "return redis.call('incr', 'other')", '0'], '+QUEUED'],
    [['eval', 'return nosuch', '0'], '+QUEUED'],
    ['get n', '+QUEUED'],
    ['exec', /^\[:1, :1, -ERR user_script:1: Script attempted .*, "1"\]$/],
  ]),
  session('the database of a script is its own', [
    ['set a 0', '+OK'],
    [['eval', "redis.call('select', 1) redis.call('set', KEYS[1], 'one')", '1', 'a'], 'nil'],
    ['get a', '"0"'],
    ['select 1', '+OK'],
    ['get a', '"one"'],
    ['select 0', '+OK'],
  ]),
  session('keys that a script has not declared', [
    [['eval', "for i = 1, 200 do redis.call('set', 'key:' .. i, i) end", '0'], 'nil'],
    ['dbsize', ':200'],
    [
      [
        'eval',
        "local n = 0 for i = 1, 200 do n = n + redis.call('del', KEYS[1] .. i) end return n",
        '1',
        'key:',
      ],
      ':200',
    ],
    [['eval', "return redis.call('dbsize')", '0'], ':0'],
  ]),
  session('what WATCH sees of scripts', [
    ['set a 1', '+OK'],
    ['watch a', '+OK'],
    [['eval', "return redis.call('get', KEYS[1])", '1', 'a'], '"1"'],
    ['multi', '+OK'],
    ['exec', '[]'],
    ['watch a', '+OK'],
    [['eval', "return redis.call('set', KEYS[1], '2')", '1', 'a'], '+OK'],
    ['multi', '+OK'],
    ['exec', 'nil'],
  ]),
  session('which keys a script has', [
    [['command', 'getkeys', 'eval', 'return 1', '2', 'a', 'b', 'c'], '["a", "b"]'],
    [
      ['command', 'getkeysandflags', 'eval', 'return 1', '1', 'a'],
      '[["a", [+RW, +access, +update]]]',
    ],
    [['command', 'getkeysandflags', 'evalsha_ro', ONE, '1', 'a'], '[["a", [+RO, +access]]]'],
    ['command getkeys eval x 0', '[]'],
  ]),
];
