/**
 * What partitionVerify asks of a chain: that its links are its own, full but for the last, and as many
 * as its head says; that they hold the value; and that skips lead where they should.
 *
 * Guard: the caller holds the partition lock.
 */
import {
  CHAIN,
  chainFirst,
  chainLinkAt,
  chainLinks,
  itemHeadValueBytes,
  LINK,
  LINK_VALUE_BYTES_MAX,
  linkHead,
  linkNext,
  linkUsed,
} from '../memory/chain.ts';
import { itemChainWord, itemIsLinked, itemValueBytes, KIND_LINK } from '../memory/item.ts';
import type { Partition } from '../memory/partition.ts';

/**
 * What is wrong with the chain of an item; an empty string if nothing is. `links` are those that were
 * found in the pages and not in another chain; the chain's own are taken from it.
 */
export function chainProblem(p: Partition, ref: number, links: Set<number>): string {
  const own: number[] = [];
  for (let link = chainFirst(p, ref); link !== 0; link = linkNext(p, link)) {
    if (!links.delete(link)) return `it leads to chunk ${link}, which is no link or seen before`;
    if (linkHead(p, link) !== ref) return `link ${link} belongs to item ${linkHead(p, link)}`;
    const meta = p.i32[(link << 1) + LINK.meta];
    if (meta !== KIND_LINK << 3) return `link ${link} has meta ${meta}`;
    own.push(link);
  }
  if (chainLinks(p, ref) !== own.length) return `${own.length} links, not ${chainLinks(p, ref)}`;
  const tail = p.i32[itemChainWord(p, ref) + CHAIN.tailRef];
  if (tail !== (own.at(-1) ?? 0)) return `its tail is ${tail}`;
  let bytes = itemHeadValueBytes(p, ref);
  for (const [index, link] of own.entries()) {
    const used = linkUsed(p, link);
    if (index < own.length - 1 && used !== LINK_VALUE_BYTES_MAX) return `link ${link} is not full`;
    if (chainLinkAt(p, ref, index) !== link) return `no way leads to link ${index}`;
    bytes += used;
  }
  const valueBytes = itemValueBytes(p, ref);
  if (itemIsLinked(p, ref)) return bytes === valueBytes ? '' : `${bytes} bytes, not ${valueBytes}`;
  return bytes <= valueBytes ? '' : `${bytes} bytes, more than ${valueBytes}`;
}
