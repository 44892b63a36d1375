/**
 * Consumer groups against maps. A step changes one group both ways; `check` then compares all of them and
 * walks the partition's structures.
 */
import { expect } from 'vitest';
import { Key, keyFill } from '../../../src/base/key.ts';
import { StreamId, streamIdRead } from '../../../src/base/stream-id.ts';
import { graveyardWork } from '../../../src/engine/collection/graveyard-work.ts';
import { itemChanged } from '../../../src/engine/collection/packed.ts';
import { guardAdd, guardsClear } from '../../../src/engine/guard.ts';
import { indexFind } from '../../../src/engine/hash-index.ts';
import { streamCreate, streamRootOf } from '../../../src/engine/types/stream.ts';
import {
  consumerAdd,
  consumerCount,
  consumerFind,
  groupAdd,
  groupFind,
} from '../../../src/engine/types/stream-group.ts';
import {
  directorySorted,
  groupDirectory,
  groupsDirectory,
  nameBytes,
  nameOffset,
} from '../../../src/engine/types/stream-group-node.ts';
import { consumerDestroy, groupDestroy } from '../../../src/engine/types/stream-group-removal.ts';
import {
  consumerPending,
  consumerPendingCount,
  groupPending,
  pendingConsumer,
  pendingDeliveredMs,
  pendingDeliveries,
  pendingDeliverySet,
  pendingFind,
  pendingRemove,
} from '../../../src/engine/types/stream-pending.ts';
import { pendingAdd, pendingGive } from '../../../src/engine/types/stream-pending-delivery.ts';
import { IdPlace, idAt, idFirst, idNext } from '../../../src/engine/types/stream-pending-tree.ts';
import { streamGroupCount, streamGroups } from '../../../src/engine/types/stream-root.ts';
import type { Partition } from '../../../src/memory/partition.ts';
import { Client } from '../client.ts';
import { Famine } from '../famine.ts';
import { partitionExpectSound, partitionMake, type Setup } from '../fixture.ts';
import { NOW_MS } from '../limits.ts';
import { idNumber, idOf } from './stream-world.ts';

type Delivery = { consumer: string; deliveredMs: number; deliveries: number };

class GroupModel {
  readonly consumers = new Set<string>();
  readonly pending = new Map<bigint, Delivery>();
}

function inOrder(ids: Iterable<bigint>): bigint[] {
  return [...ids].sort((a, b) => (a < b ? -1 : 1));
}

function byName(names: Iterable<string>): string[] {
  return [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

export class GroupWorld {
  readonly p: Partition;
  readonly client = new Client();
  readonly famine: Famine;
  readonly streams = new Map<string, Map<string, GroupModel>>();
  refusals = 0;
  losses = 0;
  private readonly groupName = new Key();
  private readonly consumerName = new Key();

  /** In a partition that is there already, or in one of its own. */
  constructor(setup: Setup, p: Partition = partitionMake(setup)) {
    this.p = p;
    this.famine = new Famine(this.p);
  }

  find(key: string): number {
    this.client.keySet(key);
    return indexFind(this.p, this.client.op.key);
  }

  private named(name: Key, text: string): Key {
    keyFill(name, Buffer.from(text), 0, Buffer.byteLength(text));
    return name;
  }

  /** Runs what may take memory, with the stream guarded. Its root, or 0. */
  private changed(key: string, run: (rootRef: number) => boolean): void {
    const { p } = this;
    let ref = this.find(key);
    if (ref === 0) ref = streamCreate(p, this.client.op);
    if (ref === 0) {
      this.refusals++;
      return;
    }
    if (!this.streams.has(key)) this.streams.set(key, new Map());
    guardAdd(p, ref);
    if (run(streamRootOf(p, ref))) itemChanged(p, ref);
    else this.refusals++;
    guardsClear(p);
  }

  /** As `changed`, for a group and a consumer, which are made if they are not there. */
  private withConsumer(
    key: string,
    groupText: string,
    consumerText: string,
    run: (group: number, consumer: number, model: GroupModel) => boolean,
  ): void {
    const { p } = this;
    this.changed(key, (rootRef) => {
      const groups = this.streams.get(key) as Map<string, GroupModel>; // made with the stream
      const name = this.named(this.groupName, groupText);
      let group = groupFind(p, rootRef, name);
      expect(group !== 0).toBe(groups.has(groupText));
      if (group === 0) group = groupAdd(p, rootRef, name, NOW_MS);
      if (group === 0) return false;
      const model = groups.get(groupText) ?? new GroupModel();
      groups.set(groupText, model);
      const consumerName = this.named(this.consumerName, consumerText);
      let consumer = consumerFind(p, group, consumerName);
      expect(consumer !== 0).toBe(model.consumers.has(consumerText));
      if (consumer === 0) consumer = consumerAdd(p, group, consumerName, NOW_MS);
      if (consumer === 0) return false;
      model.consumers.add(consumerText);
      return run(group, consumer, model);
    });
  }

  deliver(key: string, group: string, consumer: string, ids: readonly bigint[]): void {
    const { p } = this;
    this.withConsumer(key, group, consumer, (groupRef, consumerRef, model) => {
      for (const id of ids) {
        const record = pendingAdd(p, groupRef, consumerRef, idOf(id), NOW_MS);
        if (record === 0) return false;
        const deliveredMs = NOW_MS + ids.length;
        pendingDeliverySet(p, record, deliveredMs, 1);
        model.pending.set(id, { consumer, deliveredMs, deliveries: 1 });
      }
      return true;
    });
  }

  claim(key: string, group: string, consumer: string, id: bigint, deliveries: number): void {
    const { p } = this;
    this.withConsumer(key, group, consumer, (groupRef, consumerRef, model) => {
      const record = pendingFind(p, groupRef, idOf(id));
      expect(record !== 0).toBe(model.pending.has(id));
      if (record === 0) return true;
      if (!pendingGive(p, record, consumerRef, NOW_MS)) return false;
      pendingDeliverySet(p, record, 5, deliveries);
      const kept = Math.min(deliveries, 2 ** 32 - 1);
      model.pending.set(id, { consumer, deliveredMs: 5, deliveries: kept });
      return true;
    });
  }

  private group(key: string, group: string): number {
    const ref = this.find(key);
    if (ref === 0) return 0;
    const rootRef = streamRootOf(this.p, ref);
    return groupFind(this.p, rootRef, this.named(this.groupName, group));
  }

  acknowledge(key: string, group: string, ids: readonly bigint[]): void {
    const groupRef = this.group(key, group);
    const model = this.streams.get(key)?.get(group);
    expect(groupRef !== 0).toBe(model !== undefined);
    if (model === undefined) return;
    for (const id of ids) {
      expect(pendingRemove(this.p, groupRef, idOf(id))).toBe(model.pending.delete(id));
    }
    itemChanged(this.p, this.find(key));
  }

  consumerDrop(key: string, group: string, consumer: string): void {
    const groupRef = this.group(key, group);
    const model = this.streams.get(key)?.get(group);
    if (model === undefined) return;
    const ref = consumerFind(this.p, groupRef, this.named(this.consumerName, consumer));
    expect(ref !== 0).toBe(model.consumers.delete(consumer));
    if (ref === 0) return;
    consumerDestroy(this.p, groupRef, ref);
    for (const [id, delivery] of model.pending) {
      if (delivery.consumer === consumer) model.pending.delete(id);
    }
  }

  groupDrop(key: string, group: string): void {
    const ref = this.group(key, group);
    const wasThere = this.streams.get(key)?.delete(group) === true;
    expect(ref !== 0).toBe(wasThere);
    if (ref !== 0) groupDestroy(this.p, ref);
  }

  drop(key: string): void {
    this.streams.delete(key);
    this.client.delete(this.p, key);
  }

  bury(chunks: number): void {
    graveyardWork(this.p, chunks);
  }

  check(): void {
    const { p } = this;
    partitionExpectSound(p);
    for (const [key, groups] of this.streams) {
      const ref = this.find(key);
      if (ref === 0) {
        this.losses++;
        this.streams.delete(key);
        continue;
      }
      const rootRef = streamRootOf(p, ref);
      expect(streamGroupCount(p, rootRef)).toBe(groups.size);
      const directory = streamGroups(p, rootRef);
      if (directory !== 0) {
        expect(this.names(groupsDirectory(directory))).toEqual(byName(groups.keys()));
      }
      for (const [name, model] of groups) {
        this.checkGroup(groupFind(p, rootRef, this.named(this.groupName, name)), model);
      }
    }
  }

  private names(directory: number): string[] {
    const { p } = this;
    return directorySorted(p, directory).map((ref) => {
      const start = nameOffset(p, ref);
      return p.u8.toString('utf8', start, start + nameBytes(p, ref));
    });
  }

  private ids(tree: number): bigint[] {
    const { p } = this;
    const place = new IdPlace();
    const id = new StreamId();
    const ids: bigint[] = [];
    for (let isThere = idFirst(p, tree, place); isThere; isThere = idNext(p, place)) {
      streamIdRead(p.i32, idAt(p, place), id);
      ids.push(idNumber(id));
    }
    return ids;
  }

  private checkGroup(group: number, { consumers, pending }: GroupModel): void {
    const { p } = this;
    expect(consumerCount(p, group)).toBe(consumers.size);
    expect(this.names(groupDirectory(group))).toEqual(byName(consumers));
    expect(this.ids(groupPending(group))).toEqual(inOrder(pending.keys()));
    const owned = new Map<string, bigint[]>([...consumers].map((name) => [name, []]));
    for (const [id, delivery] of pending) {
      owned.get(delivery.consumer)?.push(id);
      const record = pendingFind(p, group, idOf(id));
      expect(pendingDeliveredMs(p, record)).toBe(delivery.deliveredMs);
      expect(pendingDeliveries(p, record)).toBe(delivery.deliveries);
      const owner = consumerFind(p, group, this.named(this.consumerName, delivery.consumer));
      expect(pendingConsumer(p, record)).toBe(owner);
    }
    for (const [name, ids] of owned) {
      const consumer = consumerFind(p, group, this.named(this.consumerName, name));
      expect(consumerPendingCount(p, consumer)).toBe(ids.length);
      expect(this.ids(consumerPending(consumer))).toEqual(inOrder(ids));
    }
  }
}
