/**
 * What the console's page consists of: the files beside this one in console/, and those of the libraries that it
 * is drawn with. Browsers ask for them by name; each is read once, when it is first asked for, and no path that
 * a client sends ever reaches the file system.
 *
 *   /console/x.js, /console/x.ts    console/x.ts with its types stripped; in the published package console/x.js
 *   /console/x.css, x.svg           as they are
 *   /console/lib/…                  ECMAScript modules of lit-html and uplot, from their packages
 *
 * A browser keeps them and asks each time whether they are still the same (ETag).
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import nodeModule, { createRequire } from 'node:module';
import { extname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { assert } from '../base/assert.ts';

/** A file as it is sent. */
export type ConsoleFile = {
  readonly type: string;
  readonly body: Buffer;
  readonly tag: string;
};

/** A page, and what a browser may do with it: Content-Security-Policy. */
export type ConsolePage = { readonly html: string; readonly policy: string };

const FOLDER = new URL('console/', import.meta.url);
const PREFIX = '/console/';
const SCRIPT = 'text/javascript; charset=utf-8';
const STYLE = 'text/css; charset=utf-8';

/** By extension; what has none of these is not served. */
const TYPES: Readonly<Record<string, string>> = {
  '.ts': SCRIPT,
  '.js': SCRIPT,
  '.css': STYLE,
  '.svg': 'image/svg+xml; charset=utf-8',
};

/** What the page for signing in is drawn with: everybody may have these. */
const OPEN_NAMES = ['theme.css', 'sign-in.css', 'icon.svg'];

/** Of lit-html, below its package's folder. Its modules import each other. */
const LIT_MODULES = [
  'lit-html.js',
  'directive.js',
  'directive-helpers.js',
  'async-directive.js',
  'directives/cache.js',
  'directives/class-map.js',
  'directives/guard.js',
  'directives/if-defined.js',
  'directives/keyed.js',
  'directives/live.js',
  'directives/ref.js',
  'directives/repeat.js',
  'directives/style-map.js',
];

export class ConsoleFiles {
  /** By path: where it lies, or the file once it was asked for. */
  private readonly files = new Map<string, URL | ConsoleFile>();
  private console: ConsolePage | null = null;
  private signIn: ConsolePage | null = null;

  constructor() {
    for (const name of readdirSync(FOLDER)) {
      const extension = extname(name);
      if (TYPES[extension] === undefined) continue;
      const url = new URL(name, FOLDER);
      const stem = PREFIX + name.slice(0, name.length - extension.length);
      if (TYPES[extension] === SCRIPT)
        for (const as of ['.ts', '.js']) this.files.set(stem + as, url);
      else this.files.set(PREFIX + name, url);
    }
    const lit = packageFolder('lit-html');
    for (const name of LIT_MODULES)
      this.files.set(`${PREFIX}lib/lit-html/${name}`, new URL(name, lit));
    const plot = new URL('dist/', packageFolder('uplot'));
    for (const name of ['uPlot.esm.js', 'uPlot.min.css'])
      this.files.set(`${PREFIX}lib/uplot/${name}`, new URL(name, plot));
  }

  /** Null: there is no such file. */
  file(path: string): ConsoleFile | null {
    const file = this.files.get(path);
    if (file === undefined) return null;
    if (!(file instanceof URL)) return file;
    const read = fileRead(file);
    this.files.set(path, read);
    return read;
  }

  /** Whether everybody may have the file. */
  isOpen(path: string): boolean {
    return path.startsWith(PREFIX) && OPEN_NAMES.includes(path.slice(PREFIX.length));
  }

  /** The console's page. */
  page(): ConsolePage {
    this.console ??= pageRead('index.html');
    return this.console;
  }

  /** The page for signing in, with what went wrong. `problem`: text without characters of HTML. */
  signInPage(problem: string): ConsolePage {
    this.signIn ??= pageRead('sign-in.html');
    const { html, policy } = this.signIn;
    return { html: html.replace('<!-- problem -->', problem), policy };
  }
}

function pageRead(name: string): ConsolePage {
  const html = readFileSync(new URL(name, FOLDER), 'utf8');
  return { html, policy: pagePolicy(html) };
}

/** What a browser may do with the page. `html`: its scripts inside are allowed, by what they consist of. */
export function pagePolicy(html: string): string {
  const inside = [...html.matchAll(/<script(?![^>]*\ssrc=)[^>]*>([\s\S]*?)<\/script>/g)];
  const hashes = inside.map(
    ([, text]) => ` 'sha256-${createHash('sha256').update(text).digest('base64')}'`,
  );
  return [
    "default-src 'none'",
    `script-src 'self'${hashes.join('')}`,
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    'trusted-types lit-html',
  ].join('; ');
}

/** Whether the browser has this already: If-None-Match. */
export function tagIsKnown(header: string | undefined, tag: string): boolean {
  const tags = header?.split(',').map((one) => one.trim().replace(/^W\//, ''));
  return tags?.some((one) => one === tag || one === '*') ?? false;
}

function fileRead(url: URL): ConsoleFile {
  const extension = extname(url.pathname);
  const bytes = readFileSync(url);
  // Asked for by its name when it is needed: the oldest Node that the package runs on has none.
  const body =
    extension === '.ts' ? Buffer.from(nodeModule.stripTypeScriptTypes(`${bytes}`)) : bytes;
  const tag = `"${createHash('sha256').update(body).digest('base64url')}"`;
  return { type: TYPES[extension], body, tag };
}

/** Where a package lies: what it is resolved to is somewhere below. */
function packageFolder(name: string): URL {
  const { href } = pathToFileURL(createRequire(import.meta.url).resolve(name));
  const end = href.lastIndexOf(`/${name}/`);
  assert(end >= 0, 'a package lies in a folder of its name');
  return new URL(href.slice(0, end + name.length + 2));
}
