/** What clients may call themselves: CLIENT SETNAME, HELLO … SETNAME, CLIENT SETINFO. */
import { answerError, type RespCall } from '../call.ts';
import { clientNoteNames } from './client-note.ts';

/** CLIENT LIST sets its fields apart by blanks and line ends. */
const PRINTABLE = /^[!-~]*$/;

/** Names the client; '' takes the name back. False: it has been answered that it cannot be. */
export function clientNameSet(call: RespCall, name: string): boolean {
  if (!PRINTABLE.test(name)) {
    answerError(call, 'ERR Client names cannot contain spaces, newlines or special characters.');
    return false;
  }
  call.session.name = name;
  clientNoteNames(call.keyspace.control, call.session);
  return true;
}

/** False: it has been answered that it cannot be. */
export function clientInfoSet(call: RespCall, attribute: string, text: string): boolean {
  const { session } = call;
  const field = attribute.toLowerCase();
  if (field !== 'lib-name' && field !== 'lib-ver') {
    answerError(call, `ERR Unrecognized option '${attribute}'`);
    return false;
  }
  if (!PRINTABLE.test(text)) {
    answerError(call, `ERR ${field} cannot contain spaces, newlines or special characters.`);
    return false;
  }
  if (field === 'lib-name') session.libraryName = text;
  else session.libraryVersion = text;
  clientNoteNames(call.keyspace.control, session);
  return true;
}
