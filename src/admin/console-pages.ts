/** The pages that the console is made of, and what it asks for: console-state.ts says what that looks like. */
import type { IncomingMessage } from 'node:http';
import { type AdminPage, READ } from './admin-page.ts';
import { ConsoleFiles, pagePolicy, tagIsKnown } from './console-files.ts';
import { type AdminReply, JSON_TYPE } from './http-server.ts';
import type { Looks } from './looks.ts';

const HTML = 'text/html; charset=utf-8';

export class ConsolePages {
  readonly rows: readonly AdminPage[];
  private readonly files = new ConsoleFiles();

  constructor(looks: Looks) {
    const told = (body: Buffer): AdminReply => ({ status: 200, type: JSON_TYPE, body });
    // biome-ignore format: a table reads in columns
    this.rows = [
      { path: '/console/state',   methods: READ, access: 'trusted', doc: 'The last look at the server, as JSON.',      run: () => told(looks.stateShown()) },
      { path: '/console/history', methods: READ, access: 'trusted', doc: 'The last quarter of an hour, as JSON.',      run: () => told(looks.historyShown()) },
    ];
  }

  /** The console itself. */
  page(): AdminReply {
    return htmlReply(200, this.files.pageText());
  }

  /** A page of its own for each file of the console; null: there is no such file. */
  filePage(path: string): AdminPage | null {
    const file = this.files.file(path);
    if (file === null) return null;
    const { body, type, tag } = file;
    const headers = { ETag: tag, 'Cache-Control': 'no-cache' };
    return {
      path,
      methods: READ,
      access: this.files.isOpen(path) ? 'everybody' : 'trusted',
      doc: '',
      run: ({ headers: asked }) =>
        tagIsKnown(asked['if-none-match'], tag)
          ? { status: 304, type, body: '', headers }
          : { status: 200, type, body, headers },
    };
  }
}

/** Whether a client would rather have HTML: it is a browser. */
export function wantsHtml({ headers }: IncomingMessage): boolean {
  return headers.accept?.includes('text/html') ?? false;
}

function htmlReply(status: number, html: string): AdminReply {
  return {
    status,
    type: HTML,
    body: html,
    headers: {
      'Content-Security-Policy': pagePolicy(html),
      // Without it a browser does not say of a form where it was sent from.
      'Referrer-Policy': 'same-origin',
      Vary: 'Accept',
    },
  };
}
