/**
 * A link to an artifact that the server of this page keeps itself, without the server's name: links in documents begin
 * with `HARMONY_PUBLIC_URL`, and who came by another name of the same server may load nothing from that one. Links to
 * an object store, and everything else, stay as they are.
 */
export function nearby<T extends string | Blob>(link: T): T | string {
  if (typeof link !== "string" || !URL.canParse(link)) return link;
  const { pathname, search } = new URL(link);
  return pathname.startsWith("/v1/artifacts/") ? pathname + search : link;
}
