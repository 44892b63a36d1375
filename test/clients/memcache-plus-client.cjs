// npm memcache-plus over TLS: finds the nodes by one of them, and spreads keys over both.
//
//   node memcache-plus-client.cjs HOST:PORT      NODE_EXTRA_CA_CERTS names the authority
//   prints   {"hosts": [...], "wrong": keys that came back otherwise than they were stored}
const Client = require('memcache-plus');

const KEY_COUNT = 100;

async function main() {
  const client = new Client({ hosts: [process.argv[2]], autodiscover: true, tls: {} });
  const keys = Array.from({ length: KEY_COUNT }, (_, index) => `plus-${index}`);
  for (const key of keys) await client.set(key, `value of ${key}`);
  let wrong = 0;
  for (const key of keys) if ((await client.get(key)) !== `value of ${key}`) wrong++;
  console.log(JSON.stringify({ hosts: client.hosts.toSorted(), wrong }));
  await client.disconnect();
  process.exit(0);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
