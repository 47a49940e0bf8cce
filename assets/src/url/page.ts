/** The page that the address asks for, from 1; what is no page number is the first. */
export function pageOf(text: string | undefined): number {
  return text !== undefined && /^[1-9][0-9]{0,8}$/.test(text) ? Number(text) : 1;
}
