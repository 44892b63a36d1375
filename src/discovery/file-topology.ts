/**
 * A topology from a file, which is read once a second. That sees whatever any editor, `mv`, or a mounted
 * ConfigMap does, on any file system; notifications do not, and the time of a change is too coarse to
 * tell two of them apart.
 *
 * The version is the one the file starts with. Without one it is the second in which the file was
 * changed, or one more than before if that is higher: so it rises with every change, and a restart
 * does not make it fall. Nodes with copies of different age then serve different versions; who cares
 * writes the version into the file.
 */
import { readFileSync, statSync } from 'node:fs';
import { errorReason, FAULT } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import {
  type ClusterConfig,
  type ClusterNode,
  nodeListParse,
  nodesText,
  PAYLOAD_BYTES_MAX,
  type Parsed,
} from '../protocol/memcached/cluster-config.ts';
import type { Topology } from './topology.ts';

const LOOK_MS = 1000;
/** A writer may be in the middle of its work: a change counts when it has stood for so long. */
const SETTLE_MS = 50;
/** Room for comments beside a list of the longest payload. */
const FILE_BYTES_MAX = 16 * PAYLOAD_BYTES_MAX;

/** What a look at the file came to: its text, and when it was changed; or why it cannot be read. */
type Look = {
  readonly text: string | null;
  readonly changedSec: number;
  readonly problem: string;
};

export class FileTopology implements Topology {
  private readonly path: string;
  private readonly log: Logger;
  private readonly lookMs: number;
  private look: Look;
  private config: ClusterConfig;
  private tell: (config: ClusterConfig) => void = () => undefined;
  private timer: NodeJS.Timeout | undefined;

  /** Reads the file. A list that is no good at the start is a fault. */
  constructor(path: string, log: Logger, lookMs = LOOK_MS) {
    this.path = path;
    this.log = log;
    this.lookMs = lookMs;
    this.look = fileLook(path);
    const { value, problem } = configAfter(null, this.look);
    if (problem !== null) throw FAULT.nodesUnreadable(path, problem);
    this.config = value;
  }

  foretell(): ClusterConfig {
    return this.config;
  }

  start(_self: ClusterNode | null, tell: (config: ClusterConfig) => void): void {
    this.tell = tell;
    tell(this.config);
    this.timer = setTimeout(() => this.lookAgain(this.look), this.lookMs);
  }

  stop(): Promise<void> {
    clearTimeout(this.timer);
    return Promise.resolve();
  }

  /** Takes what it finds, if that is new and the same as `before`; else looks again, and soon. */
  private lookAgain(before: Look): void {
    const look = fileLook(this.path);
    const isNew = !looksSame(look, this.look);
    const isSettled = !isNew || looksSame(look, before);
    if (isNew && isSettled) this.take(look);
    this.timer = setTimeout(() => this.lookAgain(look), isSettled ? this.lookMs : SETTLE_MS);
  }

  private take(look: Look): void {
    this.look = look;
    const { value, problem } = configAfter(this.config, look);
    if (problem !== null) {
      const { path } = this;
      this.log.warn({ path, problem }, 'the file of cluster nodes is no good; the old list stays');
    } else if (value.version > this.config.version) {
      this.config = value;
      this.tell(value);
    }
  }
}

function fileLook(path: string): Look {
  try {
    const { size, mtimeMs } = statSync(path);
    if (size > FILE_BYTES_MAX) {
      return { text: null, changedSec: 0, problem: `it has more than ${FILE_BYTES_MAX} bytes` };
    }
    const changedSec = Math.max(1, Math.floor(mtimeMs / 1000));
    return { text: readFileSync(path, 'utf8'), changedSec, problem: '' };
  } catch (error) {
    return { text: null, changedSec: 0, problem: errorReason(error) };
  }
}

function looksSame(a: Look, b: Look): boolean {
  return a.text === b.text && a.problem === b.problem;
}

/** The configuration that the file stands for, coming after `before`; that itself if nothing changed. */
function configAfter(before: ClusterConfig | null, look: Look): Parsed<ClusterConfig> {
  if (look.text === null) return problemOf(look.problem);
  const { value, problem } = nodeListParse(look.text);
  if (problem !== null) return problemOf(problem);
  const { version, nodes } = value;
  if (nodes.length === 0) return problemOf('it lists no node');
  const isSame = before !== null && nodesText(nodes) === nodesText(before.nodes);
  if (version === null) {
    if (isSame) return { value: before, problem: null };
    const next = Math.max(look.changedSec, (before?.version ?? 0) + 1);
    return { value: { version: next, nodes }, problem: null };
  }
  if (before !== null && (version < before.version || (!isSame && version === before.version))) {
    return problemOf(`its version ${version} is not above ${before.version}`);
  }
  return { value: { version, nodes }, problem: null };
}

function problemOf(problem: string): { readonly value: null; readonly problem: string } {
  return { value: null, problem };
}
