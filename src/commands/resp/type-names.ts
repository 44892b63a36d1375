/** What clients call the types of values. */
import { ITEM_TYPE } from '../../memory/item.ts';

const TYPE_NAMES: ReadonlyMap<number, string> = new Map([
  [ITEM_TYPE.STRING, 'string'],
  [ITEM_TYPE.LIST, 'list'],
  [ITEM_TYPE.SET, 'set'],
  [ITEM_TYPE.ZSET, 'zset'],
  [ITEM_TYPE.HASH, 'hash'],
  [ITEM_TYPE.STREAM, 'stream'],
]);

export function typeName(type: number): string {
  return TYPE_NAMES.get(type) ?? 'unknown';
}

/** The type of this name, in any case; -1 if there is none. */
export function typeNamed(name: string): number {
  const wanted = name.toLowerCase();
  for (const [type, known] of TYPE_NAMES) if (known === wanted) return type;
  return -1;
}
