/**
 * Puts the pinned Node first on the PATH of npm scripts: node_modules/.bin/node. As npm's
 * `dependencies` script it runs after every change to node_modules, by whatever Node the machine has.
 *
 * npm 11 makes the link itself. npm 10 makes it and then removes it, together with the packages of
 * the other platforms, which all carry a command of that name. Where the pinned Node cannot run
 * (musl, say), the link goes, and npm scripts use the machine's own Node.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const modules = fileURLToPath(new URL('../node_modules/', import.meta.url));
const runtime = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));
const link = `${modules}.bin/node`;

function runs(name) {
  const binary = `${modules}${name}/bin/node`;
  return existsSync(binary) && spawnSync(binary, ['--version']).status === 0;
}

const pinned = Object.keys(runtime.optionalDependencies).find(runs);
rmSync(link, { force: true });
if (pinned !== undefined) {
  mkdirSync(`${modules}.bin`, { recursive: true });
  symlinkSync(`../${pinned}/bin/node`, link);
}
