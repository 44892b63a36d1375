import { describe, expect, it } from 'vitest';
import {
  configApplies,
  configApply,
  configIsSensitive,
  configPlan,
  configShown,
} from '../../src/config/config-change.ts';
import { RespConfig } from '../../src/config/resp-config.ts';

function set(config: RespConfig, ...words: string[]): string {
  const plan = configPlan(config, words, true);
  if (plan.problem !== null) return plan.problem;
  configApply(config, plan.changes);
  return 'OK';
}

function get(config: RespConfig, name: string): string | undefined {
  return configShown(config, [name], () => true).get(name);
}

/** The pattern `word*`. */
function startsAs(pattern: string, name: string): boolean {
  return name.startsWith(pattern.replace('*', ''));
}

const failed = (name: string, why: string): string =>
  `CONFIG SET failed (possibly related to argument '${name}') - ${why}`;

describe('CONFIG SET', () => {
  it.each<[name: string, given: string, shown: string]>([
    ['maxmemory', '1gb', '1073741824'],
    ['maxmemory', '10M', '10000000'],
    ['maxmemory', '', '0'],
    ['maxmemory-clients', '100%', '100%'],
    ['maxmemory-clients', '0%', '0'],
    ['maxmemory-policy', 'AllKeys-LRU', 'allkeys-lru'],
    ['appendfsync', 'ALWAYS', 'always'],
    ['oom-score-adj', 'relative', 'yes'],
    ['cluster-node-timeout', '9223372036854775807', '9223372036854775807'],
    ['list-max-ziplist-size', '-2147483648', '-2147483648'],
    ['notify-keyspace-events', 'gKE', 'gKE'],
    ['notify-keyspace-events', '$lshzxeKE', '$lshzxeKE'],
    ['notify-keyspace-events', 'nKA', 'AKn'],
    ['save', '3600 1 300 0', '3600 1 300 0'],
    ['save', '', ''],
    ['shutdown-on-sigterm', 'force nosave', 'nosave force'],
    ['shutdown-on-sigint', 'default', 'default'],
    [
      'client-output-buffer-limit',
      'replica 1mb 2 3',
      'normal 0 0 0 slave 1048576 2 3 pubsub 33554432 8388608 60',
    ],
    ['latency-tracking-info-percentiles', '50 0.1 100.0 99.99999999', '50 0.1 100 100'],
    ['latency-tracking-info-percentiles', '', ''],
    ['bind', '', ''],
    ['bind', '127.0.0.1 -::1', '127.0.0.1 -::1'],
    ['proc-title-template', '{{x} {title}', '{{x} {title}'],
  ])('%s %j shows as %j', (name, given, shown) => {
    const config = new RespConfig();
    expect(set(config, name, given)).toBe('OK');
    expect(get(config, name)).toBe(shown);
  });

  it.each<[name: string, given: string, why: string]>([
    ['maxmemory', '-1', 'argument must be a memory value'],
    ['maxmemory', '1tb', 'argument must be a memory value'],
    [
      'proto-max-bulk-len',
      '1',
      'argument must be between 1048576 and 9223372036854775807 inclusive',
    ],
    [
      'hash-max-listpack-entries',
      '-1',
      'argument must be between 0 and 9223372036854775807 inclusive',
    ],
    ['hz', '9223372036854775808', "argument couldn't be parsed into an integer"],
    ['hz', '010', "argument couldn't be parsed into an integer"],
    ['SLAVE-priority', 'abc', "argument couldn't be parsed into an integer"],
    ['maxmemory-clients', '-5', 'argument must be a memory or percent value'],
    ['maxmemory-clients', '200%', 'percentage argument must be less or equal to 100'],
    ['save', 'abc', 'Invalid save parameters'],
    ['save', '0 1', 'Invalid save parameters'],
    ['appendonly', 'maybe', "argument must be 'yes' or 'no'"],
    ['appendfsync', 'x', 'argument(s) must be one of the following: everysec, always, no'],
    ['dbfilename', 'a/b', "dbfilename can't be a path, just a filename"],
    ['notify-keyspace-events', 'Z', "Invalid event class character. Use 'Ag$lshzxeKEtmdn'."],
    [
      'shutdown-on-sigint',
      'save nosave',
      "shutdown options SAVE and NOSAVE can't be used simultaneously",
    ],
    [
      'client-output-buffer-limit',
      'normal 1 2',
      'Wrong number of arguments in buffer limit configuration.',
    ],
    [
      'client-output-buffer-limit',
      'master 1 2 3',
      'Invalid client class specified in buffer limit configuration.',
    ],
    [
      'oom-score-adj-values',
      '1 2 2001',
      'Invalid oom-score-adj-values, elements must be between -2000 and 2000.',
    ],
    [
      'latency-tracking-info-percentiles',
      '101',
      'latency-tracking-info-percentiles parameters should sit between [0.0,100.0]',
    ],
    [
      'proc-title-template',
      '{invalid-var}',
      'template format is invalid or contains unknown variables',
    ],
    ['proc-title-template', '{title', 'template format is invalid or contains unknown variables'],
    ['daemonize', 'yes', "can't set immutable config"],
  ])('%s %j is refused', (name, given, why) => {
    const config = new RespConfig();
    const before = config.image();
    expect(set(config, name, given)).toBe(failed(name.toLowerCase(), why));
    expect(config.image()).toEqual(before);
  });

  it('sets all or nothing', () => {
    const config = new RespConfig();
    const words = ['maxmemory', '10000001', 'maxmemory-clients', '200%', 'hz', 'invalid'];
    expect(set(config, ...words)).toContain("argument 'maxmemory-clients'");
    expect(get(config, 'maxmemory')).toBe('0');
  });

  it('takes a directive once', () => {
    const twice = ['maxmemory', '1', 'MAXMEMORY', '2'];
    expect(set(new RespConfig(), ...twice)).toBe(failed('MAXMEMORY', 'duplicate parameter'));
  });

  it('names what it does not know before anything else is looked at', () => {
    const unknown = "Unknown option or number of arguments for CONFIG SET - 'foo'";
    expect(set(new RespConfig(), 'hz', 'x', 'foo', '1')).toBe(unknown);
  });

  it('guards what is protected', () => {
    const plan = configPlan(new RespConfig(), ['dir', '/tmp'], false);
    expect(plan.problem).toBe(failed('dir', "can't set protected config"));
  });

  it('can be taken back', () => {
    const config = new RespConfig();
    const before = config.image();
    const plan = configPlan(config, ['save', '1 1', 'slave-priority', '3', 'bind', ''], true);
    const back = configApply(config, plan.changes ?? []);
    expect(config.image()).not.toEqual(before);
    configApply(config, back);
    expect(config.image()).toEqual(before);
  });

  it('tells what has to follow, once each, where something changes', () => {
    const config = new RespConfig();
    const words = ['port', '1', 'bind', '::1', 'maxmemory', '0', 'hz', '1'];
    const plan = configPlan(config, words, true);
    expect([...configApplies(config, plan.changes ?? [])]).toEqual([['listeners', 'port']]);
  });

  it('knows what others must not see', () => {
    expect(configIsSensitive('MasterAuth')).toBe(true);
    expect(configIsSensitive('maxmemory')).toBe(false);
    expect(configIsSensitive('foo')).toBe(false);
  });
});

describe('CONFIG GET', () => {
  it('answers by the name it was asked for, and each once', () => {
    const shown = configShown(
      new RespConfig(),
      ['MAXMEMORY', 'maxmemory*', 'bind', 'no'],
      startsAs,
    );
    expect([...shown.keys()]).toEqual([
      'MAXMEMORY',
      'maxmemory-clients',
      'maxmemory-policy',
      'maxmemory-samples',
      'maxmemory-eviction-tenacity',
      'bind',
    ]);
  });

  it('shows hidden ones only by their names', () => {
    const shown = configShown(new RespConfig(), ['key-*', 'key-load-delay'], startsAs);
    expect([...shown]).toEqual([['key-load-delay', '0']]);
    expect(configShown(new RespConfig(), ['key-*'], startsAs).size).toBe(0);
  });
});
