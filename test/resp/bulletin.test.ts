/**
 * The bulletin, with a few of them on this one thread: what is posted is known before anything else is done, who
 * joins learns what the others told, and who dies is forgotten.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { Bulletin, bulletinPost, bulletinStrike } from '../../src/commands/resp/bulletin.ts';
import { Control, controlBytes } from '../../src/memory/control.ts';

let serial = 0;
let open: Bulletin[] = [];

afterEach(() => {
  for (const bulletin of open) bulletin.close();
  open = [];
});

function controlMake(): Control {
  return new Control(new SharedArrayBuffer(controlBytes(4)));
}

/** A thread with a list of words that it told, and those that it heard of, by thread. */
class Teller {
  readonly bulletin: Bulletin;
  readonly own: string[] = [];
  readonly heard = new Map<number, string[]>();

  constructor(control: Control, name: string, thread: number) {
    this.bulletin = new Bulletin(control, name, thread, false);
    open.push(this.bulletin);
    this.bulletin.on('word', (notice) => this.of(notice['thread']).push(String(notice['word'])));
    this.bulletin.share('words', {
      tell: () => this.own,
      hear: (from, told) => this.heard.set(from, [...(told as string[])]),
      forget: (from) => this.heard.delete(from),
    });
  }

  tell(word: string): void {
    this.own.push(word);
    this.bulletin.post({ kind: 'word', thread: this.bulletin.threadIndex, word });
  }

  of(thread: unknown): string[] {
    const words = this.heard.get(Number(thread)) ?? [];
    this.heard.set(Number(thread), words);
    return words;
  }
}

describe('the bulletin', () => {
  it('knows all that was posted as soon as it asks, in order', () => {
    const control = controlMake();
    const name = `bulletin test ${serial++}`;
    const [a, b, c] = [0, 1, 2].map((thread) => new Teller(control, name, thread));
    a.tell('one');
    b.tell('two');
    a.tell('three');
    bulletinPost(control, name, [{ kind: 'word', thread: -1, word: 'main' }]);
    c.bulletin.catchUp();
    expect([...c.heard]).toEqual([
      [0, ['one', 'three']],
      [1, ['two']],
      [-1, ['main']],
    ]);
    a.bulletin.catchUp();
    expect([...a.heard.keys()]).toEqual([1, -1]);
  });

  it('tells who joins what was told before, once', async () => {
    const control = controlMake();
    const name = `bulletin test ${serial++}`;
    const a = new Teller(control, name, 0);
    await a.bulletin.join();
    const b = new Teller(control, name, 1);
    await b.bulletin.join();
    a.tell('early');
    b.tell('early too');
    const late = new Teller(control, name, 40);
    expect(late.bulletin.hasJoined).toBe(false);
    a.tell('meanwhile');
    const joining = late.bulletin.join();
    b.tell('behind');
    await joining;
    late.bulletin.catchUp();
    expect(late.bulletin.hasJoined).toBe(true);
    expect(late.of(0)).toEqual(['early', 'meanwhile']);
    expect(late.of(1)).toEqual(['early too', 'behind']);
  });

  it('lets all join at once', async () => {
    const control = controlMake();
    const name = `bulletin test ${serial++}`;
    const tellers = Array.from({ length: 8 }, (_, thread) => new Teller(control, name, thread * 9));
    await Promise.all(tellers.map(({ bulletin }) => bulletin.join()));
    tellers[3].tell('word');
    for (const teller of tellers) {
      teller.bulletin.catchUp();
      if (teller !== tellers[3]) expect(teller.of(27)).toEqual(['word']);
    }
  });

  it('forgets who died, and does not wait for it', async () => {
    const control = controlMake();
    const name = `bulletin test ${serial++}`;
    const a = new Teller(control, name, 0);
    const dead = new Teller(control, name, 1);
    await a.bulletin.join();
    await dead.bulletin.join();
    dead.tell('last words');
    a.bulletin.catchUp();
    expect(a.of(1)).toEqual(['last words']);
    dead.bulletin.close();
    const late = new Teller(control, name, 2);
    const joining = late.bulletin.join();
    bulletinStrike(control, name, 1);
    await joining;
    a.bulletin.catchUp();
    expect([...a.heard.keys()]).toEqual([]);
    expect([...late.heard.keys()]).toEqual([0]);
  });

  it('says when another thread is behind with what clients post', async () => {
    const control = controlMake();
    const name = `bulletin test ${serial++}`;
    const [a, b] = [0, 1].map((thread) => new Teller(control, name, thread));
    await Promise.all([a.bulletin.join(), b.bulletin.join()]);
    expect(a.bulletin.isCrowded).toBe(false);
    for (let n = 0; n < 20; n++) a.bulletin.postWeighed({ kind: 'word', word: `${n}` }, 1 << 20);
    expect(a.bulletin.isCrowded).toBe(true);
    expect(b.bulletin.isCrowded).toBe(false);
    b.bulletin.catchUp();
    expect(a.bulletin.isCrowded).toBe(false);
  });

  it('costs nothing where there is but one thread', () => {
    const control = controlMake();
    const bulletin = new Bulletin(control, `bulletin test ${serial++}`, 0, true);
    open.push(bulletin);
    bulletin.post({ kind: 'word' });
    bulletin.postWeighed({ kind: 'word' }, 1 << 30);
    expect(bulletin.isCrowded).toBe(false);
  });
});
