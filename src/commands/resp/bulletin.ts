/**
 * The bulletin: how data threads tell each other what all must know before they run another command:
 * that a setting has changed, who is subscribed to what, who waits for a key.
 *
 * All threads hear one BroadcastChannel. A notice is posted first, and the epoch in the control block
 * goes up after it. A thread compares the epoch at the start of each batch, and if it is behind takes
 * the notices from the channel at once, without waiting for its event loop (receiveMessageOnPort). So
 * whatever was posted before a reply left is known to every request that comes after that reply, on
 * any thread.
 *
 * What nobody has to know at once, such as a message for subscribers, comes by the event loop.
 */
import { BroadcastChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { CONTROL, type Control } from '../../memory/control.ts';

/** A notice; `kind` says who is concerned. The rest is structured-cloneable. */
export type Notice = { readonly kind: string } & Readonly<Record<string, unknown>>;

export type NoticeHandler = (notice: Notice) => void;

export class Bulletin {
  private readonly control: Control;
  private readonly channel: BroadcastChannel | null;
  private readonly handlers = new Map<string, NoticeHandler>();
  private seen = 0;

  /** `name` is that of the server within its process; null: there is but one data thread. */
  constructor(control: Control, name: string | null) {
    this.control = control;
    this.channel = name === null ? null : new BroadcastChannel(name);
    if (this.channel === null) return;
    this.channel.onmessage = (event: unknown) => {
      // Node's own type for the event is that of browsers, which it does not import.
      this.handle((event as { readonly data: Notice }).data);
    };
    this.channel.unref();
  }

  /** Registers who handles notices of a kind that other threads post. */
  on(kind: string, handler: NoticeHandler): void {
    this.handlers.set(kind, handler);
  }

  /** Tells all other threads. */
  post(notice: Notice): void {
    if (this.channel === null) return;
    this.channel.postMessage(notice);
    Atomics.add(this.control.i32, CONTROL.bulletinEpoch, 1);
  }

  /** Handles all notices that were posted before now. */
  catchUp(): void {
    const epoch = Atomics.load(this.control.i32, CONTROL.bulletinEpoch);
    if (epoch === this.seen || this.channel === null) return;
    this.seen = epoch;
    for (;;) {
      // Node takes channels here as well as ports; its types know of ports alone.
      const received = receiveMessageOnPort(this.channel as unknown as MessagePort);
      if (received === undefined) return;
      this.handle(received.message as Notice);
    }
  }

  private handle(notice: Notice): void {
    this.handlers.get(notice.kind)?.(notice);
  }

  close(): void {
    this.channel?.close();
  }
}
