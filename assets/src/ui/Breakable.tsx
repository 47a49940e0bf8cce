import { Fragment } from 'react';

/** A long name, such as a resource's address, that breaks after its dots, slashes and the like rather than in words. */
export function Breakable({ text }: { text: string }) {
  return text.split(/(?<=[./_\-:\]](?=[^./_\-:\]]))/).map((part, at) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one text, in its order.
    <Fragment key={at}>
      {at > 0 ? <wbr /> : null}
      {part}
    </Fragment>
  ));
}
