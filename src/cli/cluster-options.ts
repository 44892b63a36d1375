/** The arguments of the options about auto-discovery. They are only checked here, and kept as text. */
import { FAULT } from '../base/errors.ts';
import { nodeListParse, nodeParse } from '../protocol/memcached/cluster-config.ts';

/** A list of nodes, at least one. */
export function clusterNodesParse(text: string, label: string): string {
  const { value, problem } = nodeListParse(text);
  if (problem !== null) throw FAULT.optionValue(label, problem);
  if (value.nodes.length === 0) throw FAULT.optionValue(label, 'no node given');
  return text;
}

/** One node. */
export function announceParse(text: string, label: string): string {
  const { problem } = nodeParse(text);
  if (problem !== null) throw FAULT.optionValue(label, problem);
  return text;
}

/** What may stand between two slashes of a key in etcd. */
export function clusterNameParse(text: string, label: string): string {
  if (!/^[a-z0-9._-]{1,100}$/i.test(text)) {
    throw FAULT.optionValue(
      label,
      'must be 1 to 100 letters, digits, dots, hyphens or underscores',
    );
  }
  return text;
}

/** URLs set apart by commas. They may hold a user and a password, which no message repeats. */
export function etcdEndpointsParse(text: string, label: string): string {
  const option = label.replace(text, '').replace(/[\s='"]+$/, '');
  const urls = text.split(',').map((word) => word.trim());
  for (const word of urls) {
    const url = URL.canParse(word) ? new URL(word) : null;
    if (url === null || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '') {
      throw FAULT.optionValue(option, 'must be URLs such as http://127.0.0.1:2379');
    }
    if (!percentIsSound(url.username + url.password)) {
      throw FAULT.optionValue(option, 'user and password must be percent-encoded');
    }
  }
  return urls.join(',');
}

function percentIsSound(text: string): boolean {
  return !/%(?![0-9a-f]{2})/i.test(text);
}
