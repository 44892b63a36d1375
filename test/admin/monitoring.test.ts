/**
 * What is shipped beside the server for watching it: that files are there and well-formed, that every metric
 * they name is one that the server tells, and that each alert goes off when it should.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { configTextParse } from '../../src/cli/option-sources.ts';
import { configOf } from '../cli/support.ts';
import { type AdminServer, adminAsk, adminSpawn } from '../support/admin-client.ts';
import { RespClient } from '../support/resp-client.ts';
import { TextClient } from '../support/text-client.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const DOCKER = join(import.meta.dirname, '..', '..', 'docker');
const PROMTOOL_IS_THERE = spawnSync('promtool', ['--version'], { stdio: 'ignore' }).status === 0;
const PROMTOOL_REASON = PROMTOOL_IS_THERE ? '' : ' (skipped: no promtool here)';
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

describe.skipIf(!PROMTOOL_IS_THERE)(`the alerts${PROMTOOL_REASON}`, () => {
  function promtool(...args: string[]): ReturnType<typeof spawnSync> {
    return spawnSync('promtool', args, { cwd: join(DOCKER, 'monitoring'), encoding: 'utf8' });
  }

  it('are well-formed', () => {
    const { status, stderr } = promtool('check', 'rules', 'rules.yaml');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
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
