/**
 * The main thread's part of TLS: reads the certificate at the start, again on SIGHUP, draws new keys
 * for tickets now and then, and knows what the data threads have changed, for a thread that is
 * started anew. See tls-terminator.ts for their part.
 */
import { randomUUID } from 'node:crypto';
import { BroadcastChannel } from 'node:worker_threads';
import type { CommandConfig } from '../commands/server-context.ts';
import type { Control } from '../memory/control.ts';
import { ticketKeysMake } from './tls-material.ts';
import {
  type TlsNews,
  type TlsStart,
  tlsNewsMerged,
  tlsNewsReceive,
  tlsNewsRefreshed,
} from './tls-terminator.ts';

/**
 * Who learns the ticket keys can read what was sent while they were in use. A client whose ticket is
 * older makes a full handshake.
 */
const TICKET_KEYS_MS_MAX = 60 * 60 * 1000;

export class TlsKeeper {
  private readonly config: CommandConfig;
  private readonly control: Control;
  private readonly channelName = `flagstone tls ${randomUUID()}`;
  private readonly channel: BroadcastChannel;
  private news: TlsNews;

  /** Errors: TlsFilesError. */
  constructor(config: CommandConfig, control: Control) {
    this.config = config;
    this.control = control;
    const nothing = { chain: '', key: '', authorities: null };
    const ticketKeys = config.tlsSessionCache ? ticketKeysMake() : null;
    const empty = { files: nothing, filesVersion: 0, ticketKeys, ticketKeysVersion: 0 };
    this.news = tlsNewsRefreshed(empty, config, control);
    this.channel = new BroadcastChannel(this.channelName);
    this.channel.onmessage = ({ data }: { data: unknown }) => {
      this.news = tlsNewsMerged(this.news, data as TlsNews);
    };
    this.channel.unref();
    if (ticketKeys !== null) setInterval(() => this.ticketKeysRenew(), TICKET_KEYS_MS_MAX).unref();
  }

  /** For a thread that starts now. */
  start(): TlsStart {
    return { channelName: this.channelName, news: this.news };
  }

  /** Says again what is in use, to a thread that was being started while it may have changed. */
  announce(): void {
    this.news = tlsNewsReceive(this.channel, this.news);
    this.channel.postMessage(this.news);
  }

  /** Reads the certificate anew, for all threads. Errors: TlsFilesError; the old one stays. */
  refresh(): void {
    this.news = tlsNewsRefreshed(this.news, this.config, this.control);
    this.channel.postMessage(this.news);
  }

  private ticketKeysRenew(): void {
    const ticketKeysVersion = this.news.ticketKeysVersion + 1;
    this.news = { ...this.news, ticketKeys: ticketKeysMake(), ticketKeysVersion };
    this.channel.postMessage(this.news);
  }
}
