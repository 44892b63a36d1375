/**
 * A topology that the nodes keep in etcd themselves.
 *
 *   /flagstone/CLUSTER/nodes/HOST:PORT   host|ip|port, under a lease: gone soon after its node is
 *   /flagstone/CLUSTER/config            what clients are served: version LF nodes LF
 *
 * The config document is the one source of versions. Who sees that the registered nodes are not those
 * of the document writes the next version of it, guarded by the document's revision: of several that
 * see it, one succeeds. A node that arrives or leaves changes its registration and the document in one
 * transaction. So each change is one version more, however many nodes there are and whoever restarts;
 * should etcd lose its data, the version goes on from the highest that a living node has served.
 *
 * One loop does all the talking. A beat keeps the lease alive and looks at everything under the prefix;
 * the watch only rings a bell for the next beat to come at once. While etcd is out of reach the last
 * list is served.
 */
import type { Logger } from '../base/log.ts';
import {
  type ClusterConfig,
  type ClusterNode,
  nodeListParse,
  nodeParse,
  nodePlace,
  nodesSorted,
  nodesText,
  nodeText,
  PAYLOAD_BYTES_MAX,
  payloadBytes,
} from '../protocol/memcached/cluster-config.ts';
import {
  ETCD_CODE,
  EtcdClient,
  type EtcdEndpoint,
  type EtcdEntry,
  EtcdError,
  type EtcdRange,
  type EtcdStep,
  etcdReason,
} from './etcd-client.ts';
import type { Topology } from './topology.ts';

export type EtcdSettings = {
  readonly endpoints: readonly EtcdEndpoint[];
  readonly clusterName: string;
  readonly ttlSec: number;
};

/** Beats to a lease's time: two may fail before it runs out. */
const BEATS_PER_TTL = 3;
/** A watch may have been lost without a word; so long then is a change unknown here. */
const BEAT_MS_MAX = 5000;
const REQUEST_MS_MAX = 2000;
const RETRY_MS_MIN = 100;
const RETRY_MS_MAX = 5000;
/** Beats that the bell calls come between others; the lease is not kept again in each. */
const KEEP_AFTER_BEATS = 0.9;
/** The next watch is started so long after the last at the earliest. */
const WATCH_MS_MIN = 500;
/** Other nodes may write the document first so many times in a row. */
const WRITE_TRIES_MAX = 20;
/** Longer than this nobody waits for a node to take itself off the list. */
const LEAVE_MS_MAX = 2000;
const NO_LEASE = '0';
const ODDITY_COUNT_MAX = 100;
const ODDITY_SHOWN_MAX = 200;

/** Everything under the prefix, made sense of. */
type View = {
  readonly revision: string;
  /** The document, and the revision at which it was written; '0' if there is none. */
  readonly config: ClusterConfig | null;
  readonly configRevision: string;
  readonly nodes: readonly ClusterNode[];
  /** This node's own registration, if there is one. */
  readonly own: EtcdEntry | null;
};

export class EtcdTopology implements Topology {
  private readonly client: EtcdClient;
  private readonly settings: EtcdSettings;
  private readonly log: Logger;
  private readonly prefix: string;
  private readonly beatMs: number;
  private self: ClusterNode | null = null;
  private tell: (config: ClusterConfig) => void = () => undefined;
  private lease = NO_LEASE;
  private leaseKeptAtMs = 0;
  /** This node was registered under its lease. */
  private isRegistered = false;
  /** The highest version told so far, and with it its nodes. */
  private told: ClusterConfig | null = null;
  private isReachable = true;
  /** What was warned of already. */
  private readonly oddities = new Set<string>();
  private readonly ending = new AbortController();
  private watching = false;
  private bell: () => void = () => undefined;
  private bellRang = false;
  private loop: Promise<void> = Promise.resolve();

  constructor(settings: EtcdSettings, log: Logger) {
    this.settings = settings;
    this.log = log;
    this.beatMs = Math.min(BEAT_MS_MAX, Math.floor((settings.ttlSec * 1000) / BEATS_PER_TTL));
    this.client = new EtcdClient(settings.endpoints, Math.min(REQUEST_MS_MAX, this.beatMs));
    this.prefix = `/flagstone/${settings.clusterName}/`;
  }

  /** Until etcd has been asked, anything might be wrong. */
  foretell(): null {
    return null;
  }

  start(self: ClusterNode | null, tell: (config: ClusterConfig) => void): void {
    this.self = self;
    this.tell = tell;
    this.loop = this.run();
  }

  /** Unlists this node: first in the document that clients are served, with it its registration. */
  async stop(): Promise<void> {
    this.ending.abort();
    this.bell();
    let timer: NodeJS.Timeout | undefined;
    const bound = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, LEAVE_MS_MAX);
    });
    await Promise.race([this.leave(), bound]);
    clearTimeout(timer);
  }

  // ── The loop ──────────────────────────────────────────────────────────────────────────────────

  private async run(): Promise<void> {
    let failures = 0;
    while (!this.ending.signal.aborted) {
      try {
        const { revision } = await this.beat();
        failures = 0;
        this.reachableNote();
        if (!this.watching) void this.watch(revision);
        await this.bellAwait(this.beatMs);
      } catch (error) {
        this.unreachableNote(error);
        const ms = Math.min(RETRY_MS_MIN * 2 ** failures++, RETRY_MS_MAX, this.beatMs);
        await this.pause(ms / 2 + (Math.random() * ms) / 2);
      }
    }
  }

  private reachableNote(): void {
    if (this.isReachable) return;
    this.isReachable = true;
    this.log.warn('etcd can be used again');
  }

  private unreachableNote(error: unknown): void {
    if (!this.isReachable || this.ending.signal.aborted) return;
    this.isReachable = false;
    const reason = etcdReason(error);
    this.log.warn({ reason }, 'etcd cannot be used; the list of nodes stays as it is');
  }

  /** Waits for the bell, or as long as this. */
  private async bellAwait(ms: number): Promise<void> {
    if (!this.bellRang) await this.pause(ms);
    this.bellRang = false;
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.bell = () => {
        clearTimeout(timer);
        resolve();
      };
      if (this.ending.signal.aborted) this.bell();
    });
  }

  private bellRing(): void {
    this.bellRang = true;
    this.bell();
  }

  /** Rings the bell for what changes after the revision. A beat starts it, and is called when it ends. */
  private async watch(revision: string): Promise<void> {
    this.watching = true;
    const startedAt = performance.now();
    try {
      const { signal } = this.ending;
      await this.client.watch(this.prefix, revision, () => this.bellRing(), signal);
    } catch (error) {
      this.log.debug({ reason: etcdReason(error) }, 'the watch on etcd ended');
    }
    this.watching = false;
    const waitMs = Math.max(0, startedAt + WATCH_MS_MIN - performance.now());
    setTimeout(() => this.bellRing(), waitMs);
  }

  // ── A beat ────────────────────────────────────────────────────────────────────────────────────

  /** Keeps the lease, and brings registration, document and what is told in line with each other. */
  private async beat(): Promise<View> {
    await this.leaseKeep();
    let view = await this.look();
    for (let tries = 0; tries < WRITE_TRIES_MAX && !this.ending.signal.aborted; tries++) {
      const steps = this.stepsTowards(view);
      if (steps.length === 0) break;
      await this.write(view, steps);
      await this.leaseKeep();
      view = await this.look();
    }
    if (view.config !== null && view.config.nodes.length > 0) this.tellIfNewer(view.config);
    return view;
  }

  private async leaseKeep(): Promise<void> {
    const now = performance.now();
    const isDue = now - this.leaseKeptAtMs >= this.beatMs * KEEP_AFTER_BEATS;
    if (this.self === null || (this.lease !== NO_LEASE && !isDue)) return;
    if (this.lease !== NO_LEASE && !(await this.client.leaseKeep(this.lease))) this.leaseLost();
    if (this.lease === NO_LEASE) {
      this.isRegistered = false;
      this.lease = await this.client.leaseGrant(this.settings.ttlSec);
    }
    this.leaseKeptAtMs = now;
  }

  private leaseLost(): void {
    this.lease = NO_LEASE;
    this.log.warn('the lease in etcd had run out; the node registers again');
  }

  private async look(): Promise<View> {
    return this.viewFrom(await this.client.range(this.prefix));
  }

  private viewFrom({ revision, entries }: EtcdRange): View {
    const configEntry = entries.find(({ key }) => key === this.configKey());
    const registered = entries.filter(({ key }) => key.startsWith(`${this.prefix}nodes/`));
    const nodes: ClusterNode[] = [];
    for (const { key, value } of registered) {
      const node = nodeParse(value).value;
      if (node !== null && key === this.nodeKey(node)) nodes.push(node);
      else this.oddNote({ key, value }, 'this registration in etcd makes no sense');
    }
    return {
      revision,
      config: configEntry === undefined ? null : this.configRead(configEntry),
      configRevision: configEntry?.modRevision ?? '0',
      nodes: nodesSorted(nodes),
      own: registered.find(({ key }) => key === this.ownKey()) ?? null,
    };
  }

  private configRead(entry: EtcdEntry): ClusterConfig | null {
    const list = nodeListParse(entry.value).value;
    if (list !== null && list.version !== null) {
      return { version: list.version, nodes: list.nodes };
    }
    this.oddNote(entry, 'this document in etcd makes no sense; it is written anew');
    return null;
  }

  /** Warns of an entry, once. */
  private oddNote({ key, value }: Pick<EtcdEntry, 'key' | 'value'>, problem: string): void {
    const said = `${key} ${value} ${problem}`;
    if (this.oddities.has(said)) return;
    if (this.oddities.size === ODDITY_COUNT_MAX) this.oddities.clear();
    this.oddities.add(said);
    this.log.warn({ key, value: value.slice(0, ODDITY_SHOWN_MAX) }, problem);
  }

  /** What has to be written: this node's registration, the next document, or nothing. */
  private stepsTowards(view: View): readonly EtcdStep[] {
    const { self } = this;
    if (self === null || !this.registers(view)) return this.documentSteps(view, view.nodes);
    const nodes = nodesSorted([...nodesWithout(view.nodes, self), self]);
    const put = { put: this.ownKey(), value: nodeText(self), lease: this.lease };
    return [put, ...this.documentSteps(view, nodes)];
  }

  /** A place that another process took since is left to it, or the two would never rest. */
  private registers({ own }: View): boolean {
    if (own === null || !this.isRegistered) return true;
    if (own.lease !== this.lease) this.oddNote(own, 'another process has registered as this node');
    return false;
  }

  /** The document for these nodes, if it is not there. It never falls behind what was told. */
  private documentSteps({ config }: View, nodes: readonly ClusterNode[]): readonly EtcdStep[] {
    const version = config?.version ?? 0;
    const toldVersion = this.told?.version ?? 0;
    const isRight = config !== null && nodesText(config.nodes) === nodesText(nodes);
    if (isRight && version >= toldVersion) return [];
    const payload = payloadBytes({ version: Math.max(version, toldVersion) + 1, nodes });
    if (payload.length > PAYLOAD_BYTES_MAX) {
      const entry = { key: this.configKey(), value: `${nodes.length} nodes` };
      this.oddNote(entry, 'there are more nodes than a list can hold; the old list stays');
      return [];
    }
    return [{ put: this.configKey(), value: payload.toString('latin1'), lease: NO_LEASE }];
  }

  /** False when the document was written since the view, or the lease has run out. */
  private async write(view: View, steps: readonly EtcdStep[]): Promise<boolean> {
    const guard = { key: this.configKey(), modRevision: view.configRevision };
    try {
      if (!(await this.client.transact(guard, steps))) return false;
    } catch (error) {
      const leaseIsGone = error instanceof EtcdError && error.code === ETCD_CODE.NOT_FOUND;
      if (!leaseIsGone) throw error;
      this.leaseLost();
      return false;
    }
    if (steps.some((step) => 'lease' in step && step.lease !== NO_LEASE)) this.isRegistered = true;
    return true;
  }

  private tellIfNewer(config: ClusterConfig): void {
    if (config.version <= (this.told?.version ?? 0)) return;
    this.told = config;
    this.tell(config);
  }

  // ── The end ───────────────────────────────────────────────────────────────────────────────────

  private async leave(): Promise<void> {
    await this.loop;
    const { self, lease } = this;
    if (self === null || lease === NO_LEASE || !this.isReachable) return;
    try {
      await this.unregister(self);
      await this.client.leaseRevoke(lease);
    } catch (error) {
      const reason = etcdReason(error);
      this.log.warn({ reason }, 'the node could not take itself off the list; its lease will');
    }
  }

  /** What another process registered in this node's place meanwhile stays there. */
  private async unregister(self: ClusterNode): Promise<void> {
    for (let tries = 0; tries < WRITE_TRIES_MAX; tries++) {
      const view = await this.look();
      if (view.own?.lease !== this.lease) return;
      const document = this.documentSteps(view, nodesWithout(view.nodes, self));
      if (await this.write(view, [{ delete: this.ownKey() }, ...document])) return;
    }
  }

  private configKey(): string {
    return `${this.prefix}config`;
  }

  private nodeKey(node: ClusterNode): string {
    return `${this.prefix}nodes/${nodePlace(node)}`;
  }

  /** '' where this node is none that clients could find. */
  private ownKey(): string {
    return this.self === null ? '' : this.nodeKey(this.self);
  }
}

function nodesWithout(nodes: readonly ClusterNode[], one: ClusterNode): readonly ClusterNode[] {
  return nodes.filter((node) => nodePlace(node) !== nodePlace(one));
}
