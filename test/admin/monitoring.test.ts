/**
 * What is shipped beside the server for watching it: that files are there and well-formed, that every metric
 * they name is one that the server tells, that a Prometheus finds data by each query, and that each alert goes
 * off when it should.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { configTextParse } from '../../src/cli/option-sources.ts';
import { configOf } from '../cli/support.ts';
import { type AdminServer, adminAsk, adminSpawn } from '../support/admin-client.ts';
import { portFree } from '../support/free-port.ts';
import { RespClient } from '../support/resp-client.ts';
import { eventually, TextClient } from '../support/text-client.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const DOCKER = join(import.meta.dirname, '..', '..', 'docker');
const PROMTOOL_IS_THERE = spawnSync('promtool', ['--version'], { stdio: 'ignore' }).status === 0;
const PROMTOOL_REASON = PROMTOOL_IS_THERE ? '' : ' (skipped: no promtool here)';
const PROMETHEUS_IS_THERE =
  spawnSync('prometheus', ['--version'], { stdio: 'ignore' }).status === 0;
const PROMETHEUS_REASON = PROMETHEUS_IS_THERE ? '' : ' (skipped: no prometheus here)';
const PROMETHEUS_MS_MAX = 60_000;
/** Faster than it is shipped, so that a test need not wait. */
const SCRAPE_MS = 1000;
/** Of Prometheus itself. */
const FOREIGN = new Set(['up']);

function text(name: string): string {
  return readFileSync(join(DOCKER, name), 'utf8');
}

type Panel = {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly gridPos: {
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly h: number;
  };
  readonly targets?: readonly { readonly expr: string }[];
};

const dashboard = JSON.parse(text('monitoring/dashboard.json')) as {
  readonly panels: readonly Panel[];
};
const dashboardExpressions = dashboard.panels.flatMap(({ targets = [] }) =>
  targets.map(({ expr }) => expr),
);
const ruleExpressions = [...text('monitoring/rules.yaml').matchAll(/^\s+expr: (.+)$/gm)].map(
  (match) => match[1],
);

/** The metrics that an expression of PromQL names: words with an underscore that are no label or function. */
function metricsNamed(expression: string): string[] {
  const plain = expression
    .replace(/"[^"]*"/g, '')
    .replace(/\{[^}]*\}/g, '')
    .replace(/\b(?:by|on)\s*\([^)]*\)/g, '');
  return [...plain.matchAll(/\b[a-z]+(?:_[a-z]+)+\b(?!\s*\()|\bup\b/g)].map(([name]) => name);
}

describe('the metrics named', () => {
  let server: AdminServer;
  const told = new Set<string>(FOREIGN);
  beforeAll(async () => {
    server = await adminSpawn();
    const resp = new RespClient({ host: server.host, port: server.port });
    await resp.call('set', 'a', 'b');
    await resp.call('lpush', 'a', 'b');
    resp.end();
    const client = await TextClient.open({ host: server.host, port: server.memcachedPort });
    await client.get('a');
    client.destroy();
    const { body } = await adminAsk(server.adminPort, '/metrics');
    for (const [, name] of body.matchAll(/^([a-z_]+)[{ ]/gm)) told.add(name);
  });
  afterAll(async () => {
    await server.stop();
  });

  it.each([
    ['the dashboard', dashboardExpressions],
    ['the rules', ruleExpressions],
  ])('by %s are those that the server tells', (_, expressions) => {
    const named = new Set(expressions.flatMap(metricsNamed));
    expect(named.size).toBeGreaterThan(10);
    expect([...named].filter((name) => !told.has(name))).toEqual([]);
  });
});

describe('the dashboard', () => {
  it('has panels side by side, each with a name of its own', () => {
    const { panels } = dashboard;
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const titles = panels.map(({ title }) => title);
    expect(new Set(titles).size).toBe(titles.length);
    const taken = new Set<string>();
    for (const { gridPos, title } of panels) {
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(taken.has(`${x},${y}`), title).toBe(false);
          taken.add(`${x},${y}`);
        }
      }
    }
  });

  it('asks each panel for the instances that were chosen', () => {
    for (const expression of dashboardExpressions) {
      const selectors = expression.match(/\{[^}]*\}/g) ?? [];
      expect(selectors.length, expression).toBe(metricsNamed(expression).length);
      for (const selector of selectors) expect(selector).toContain('instance=~"$instance"');
    }
  });
});

describe.skipIf(!PROMETHEUS_IS_THERE)(`a Prometheus that runs${PROMETHEUS_REASON}`, () => {
  type Answer = {
    readonly status: string;
    readonly error?: string;
    readonly data?: {
      readonly result?: readonly object[];
      readonly groups?: readonly { readonly rules: readonly { readonly health: string }[] }[];
    };
  };
  let folder: string;
  let server: AdminServer;
  let prometheus: ChildProcess;
  let port: number;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'flagstone-prometheus-'));
    const token = join(folder, 'token');
    writeFileSync(token, 'a-token-of-some-length\n');
    server = await adminSpawn(['--admin-token-file', token]);
    const config = text('monitoring/prometheus.yaml')
      .replaceAll(': 10s', `: ${SCRAPE_MS}ms`)
      .replace('/etc/prometheus', join(DOCKER, 'monitoring'))
      .replace('/run/secrets/admin-token', token)
      .replace('flagstone:11280', `127.0.0.1:${server.adminPort}`);
    writeFileSync(join(folder, 'prometheus.yaml'), config);
    port = await portFree();
    const flags = [`--config.file=${join(folder, 'prometheus.yaml')}`];
    flags.push(`--storage.tsdb.path=${join(folder, 'data')}`);
    flags.push(`--web.listen-address=127.0.0.1:${port}`);
    prometheus = spawn('prometheus', flags, { stdio: 'ignore' });
    await eventually(
      'two scrapes',
      async () => {
        await trafficSend();
        await sleep(SCRAPE_MS / 2);
        // It is the last to be there: a counter that only comes with the first error.
        return resultAsk('rate(redis_errors_total[20s]) > 0');
      },
      (result) => result.length > 0,
      PROMETHEUS_MS_MAX,
    );
  });
  afterAll(async () => {
    const ended = once(prometheus, 'exit');
    prometheus.kill();
    await ended;
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  /** Of both protocols: hits, misses and an error. */
  async function trafficSend(): Promise<void> {
    const resp = new RespClient({ host: server.host, port: server.port });
    await resp.call('set', 'a', 'b');
    await resp.call('get', 'a');
    await resp.call('lpush', 'a', 'b');
    resp.end();
    const client = await TextClient.open({ host: server.host, port: server.memcachedPort });
    for (let i = 0; i < 20; i++) await client.get(i % 2 === 0 ? 'a' : 'none');
    client.destroy();
  }

  async function ask(path: string): Promise<Answer | null> {
    try {
      return (await (await fetch(`http://127.0.0.1:${port}/api/v1/${path}`)).json()) as Answer;
    } catch {
      return null; // it does not listen yet, or is not done with starting
    }
  }

  async function resultAsk(expression: string): Promise<readonly object[]> {
    const answer = await ask(`query?query=${encodeURIComponent(expression)}`);
    expect(answer?.error, expression).toBe(undefined);
    return answer?.data?.result ?? [];
  }

  it.each(dashboardExpressions)('finds something to draw for %s', async (expression) => {
    const filled = expression.replaceAll('$instance', '.+').replaceAll('$__rate_interval', '20s');
    expect((await resultAsk(filled)).length).toBeGreaterThan(0);
  });

  it.each(ruleExpressions)('can tell whether %s', async (expression) => {
    // The value that is compared is there, whatever it is.
    const [value] = expression.replaceAll(/\[\d+m\]/g, '[20s]').split(/ (?:[<>]|==) [\d.]+$/);
    expect((await resultAsk(value.replace(' > 1)', ')'))).length).toBeGreaterThan(0);
  });

  it('has no trouble with a rule', async () => {
    const rules = await eventually(
      'all rules evaluated',
      async () => ((await ask('rules'))?.data?.groups ?? []).flatMap((group) => group.rules),
      (found) => found.length > 0 && found.every(({ health }) => health !== 'unknown'),
      PROMETHEUS_MS_MAX,
    );
    expect(rules.length).toBe(ruleExpressions.length);
    expect(new Set(rules.map(({ health }) => health))).toEqual(new Set(['ok']));
  });
});

describe.skipIf(!PROMTOOL_IS_THERE)(`the alerts${PROMTOOL_REASON}`, () => {
  function promtool(...args: string[]): ReturnType<typeof spawnSync> {
    return spawnSync('promtool', args, { cwd: join(DOCKER, 'monitoring'), encoding: 'utf8' });
  }

  it('are well-formed', () => {
    const { status, stderr } = promtool('check', 'rules', 'rules.yaml');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it('are each tried above their threshold and below it', () => {
    const alerts = [...text('monitoring/rules.yaml').matchAll(/- alert: (\w+)/g)];
    const tried = text('monitoring/rules.test.yaml').matchAll(
      /alertname="(\w+)", instance="above"/g,
    );
    const names = (matches: Iterable<RegExpExecArray>): string[] =>
      [...matches].map(([, name]) => name).sort();
    expect(names(tried)).toEqual(names(alerts));
  });

  it('go off when they should, and otherwise not', () => {
    const { status, stdout, stderr } = promtool('test', 'rules', 'rules.test.yaml');
    expect(status, `${stdout}${stderr}`).toBe(0);
  });

  it('are in a configuration that Prometheus can read', () => {
    const { status, stdout, stderr } = promtool(
      'check',
      'config',
      '--syntax-only',
      'prometheus.yaml',
    );
    expect(status, `${stdout}${stderr}`).toBe(0);
  });
});

describe('the alerts of ElastiCache', () => {
  it('are there for all that can happen here', () => {
    const metrics = [...text('monitoring/rules.yaml').matchAll(/^\s+metric: (\w+)$/gm)].map(
      (match) => match[1],
    );
    expect(metrics).toEqual([
      'CPUUtilization',
      'EngineCPUUtilization',
      'DatabaseMemoryUsagePercentage',
      'CacheHitRate',
      'Evictions',
      'CurrConnections',
      'NetworkBandwidthOutAllowanceExceeded',
    ]);
  });
});

describe('the compose file', () => {
  const compose = text('monitoring.yaml');

  it('mounts files that are there', () => {
    const paths = [...compose.matchAll(/^\s+- \.\/(\S+?):\S+:ro$/gm)].map((match) => match[1]);
    expect(paths.length).toBe(5);
    for (const path of paths) expect(existsSync(join(DOCKER, path)), path).toBe(true);
  });

  it('starts the server with options that there are', () => {
    const given = [...compose.matchAll(/^\s+(FLAGSTONE_\w+): "?([^"\n]+)"?$/gm)];
    const env = Object.fromEntries(given.map(([, name, value]) => [name, value]));
    expect(configOf('--memory-limit=256', env)).toMatchObject({
      adminPort: 11280,
      adminListen: '*',
      adminTokenFile: '/run/secrets/admin-token',
      warnings: [],
    });
    expect(text('monitoring/prometheus.yaml')).toContain('targets: ["flagstone:11280"]');
  });

  it('opens no port to other machines', () => {
    const ports = [...compose.matchAll(/^\s+- "([\d.:]+)"$/gm)].map((match) => match[1]);
    expect(ports.length).toBe(4);
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
  });
});

describe('the unit of systemd', () => {
  const unit = text('systemd/flagstone.service');

  it('starts the server with options that there are', () => {
    const line = /^ExecStart=\/usr\/bin\/env flagstone --config \S+ (.+)$/m.exec(unit)?.[1];
    expect(configOf(line ?? '')).toMatchObject({
      adminPort: 11280,
      logFormat: 'json',
      verbosity: 1,
    });
    expect(configTextParse('admin-port 11280\n', 'flagstone.conf')).toHaveLength(1);
  });

  it('gives up what the server does not need, and keeps what V8 does', () => {
    for (const setting of ['DynamicUser', 'NoNewPrivileges', 'PrivateTmp', 'ProtectSystem']) {
      expect(unit).toMatch(new RegExp(`^${setting}=(?:yes|strict)$`, 'm'));
    }
    expect(unit).toMatch(/^CapabilityBoundingSet=$/m);
    expect(unit).not.toMatch(/^MemoryDenyWriteExecute=/m);
  });

  it('rotates its log by SIGHUP', () => {
    expect(unit).toMatch(/^ExecReload=\/bin\/kill -HUP \$MAINPID$/m);
    expect(text('systemd/flagstone.logrotate')).toContain('--signal=HUP');
  });
});
