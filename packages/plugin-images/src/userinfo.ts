/** What a URL may have before its host: a user's name and password. */
const USERINFO = /(?<=:\/\/)[^/?#\s"']*@/g;

export function hasUserinfo(text: string): boolean {
  return text.search(USERINFO) !== -1;
}

/** The text with its URLs as anybody may see them. */
export function withoutUserinfo(text: string): string {
  return text.replaceAll(USERINFO, '');
}
