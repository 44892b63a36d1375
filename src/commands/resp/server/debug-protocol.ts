/** DEBUG PROTOCOL: a reply of each type, for those who test clients. */
import type { Reply } from '../../../protocol/reply.ts';
import {
  respArray,
  respAttribute,
  respBigNumber,
  respBoolean,
  respDoubleText,
  respInteger,
  respMap,
  respNull,
  respPush,
  respSet,
  respText,
  respVerbatim,
} from '../../../protocol/resp/reply.ts';

const EXAMPLE_COUNT = 3;

function integers(reply: Reply): void {
  for (let n = 0; n < EXAMPLE_COUNT; n++) respInteger(reply, n);
}

/** By the names of the types. There is no push in RESP2. */
export const PROTOCOL_EXAMPLES: Readonly<Record<string, (reply: Reply) => void>> = {
  string: (reply) => respText(reply, 'Hello World'),
  integer: (reply) => respInteger(reply, 12345),
  double: (reply) => respDoubleText(reply, '3.141'),
  null: (reply) => respNull(reply),
  array: (reply) => {
    respArray(reply, EXAMPLE_COUNT);
    integers(reply);
  },
  set: (reply) => {
    respSet(reply, EXAMPLE_COUNT);
    integers(reply);
  },
  map: (reply) => {
    respMap(reply, EXAMPLE_COUNT);
    for (let n = 0; n < EXAMPLE_COUNT; n++) {
      respInteger(reply, n);
      respBoolean(reply, n === 1);
    }
  },
  attrib: (reply) => {
    if (reply.resp === 3) {
      respAttribute(reply, 1);
      respText(reply, 'key-popularity');
      respArray(reply, 2);
      respText(reply, 'key:123');
      respInteger(reply, 90);
    }
    respText(reply, 'Some real reply following the attribute');
  },
  push: (reply) => {
    respPush(reply, 2);
    respText(reply, 'server-cpu-usage');
    respInteger(reply, 42);
    respText(reply, 'Some real reply following the push reply');
  },
  verbatim: (reply) => respVerbatim(reply, 'txt', 'This is a verbatim\nstring'),
  true: (reply) => respBoolean(reply, true),
  false: (reply) => respBoolean(reply, false),
  bignum: (reply) => respBigNumber(reply, '1234567999999999999999999999999999999'),
};
