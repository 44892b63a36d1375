/**
 * The process title: a template such as `{title} {listen-addr}`, with a value for each name in braces.
 * Two opening braces stand for one. Source: Redis src/sds.c sdstemplate, server.c.
 */

/** Name in the template → what stands there. */
export type TitleFacts = Readonly<Record<TitleName, string>>;

type TitleName =
  | 'title'
  | 'listen-addr'
  | 'server-mode'
  | 'config-file'
  | 'port'
  | 'tls-port'
  | 'unixsocket';

const ANYTHING = '-';
const FACTS_ANY: TitleFacts = {
  title: ANYTHING,
  'listen-addr': ANYTHING,
  'server-mode': ANYTHING,
  'config-file': ANYTHING,
  port: ANYTHING,
  'tls-port': ANYTHING,
  unixsocket: ANYTHING,
};

export const TITLE_TEMPLATE_DEFAULT = '{title} {listen-addr} {server-mode}';

/** The title, or null where the template has a brace without end, or a name that there is not. */
export function titleExpand(template: string, facts: TitleFacts): string | null {
  let isSound = true;
  const title = template.replace(/\{\{|\{([^}]*)(\}?)/g, (match, name: string, end: string) => {
    if (match === '{{') return '{';
    if (end === '}' && Object.hasOwn(facts, name)) return facts[name as TitleName];
    isSound = false;
    return '';
  });
  return isSound ? title.replace(/^ +| +$/g, '') : null;
}

/** What is wrong with a template, or null. */
export function titleTemplateProblem(template: string): string | null {
  if (titleExpand(template, FACTS_ANY)) return null;
  return 'template format is invalid or contains unknown variables';
}
