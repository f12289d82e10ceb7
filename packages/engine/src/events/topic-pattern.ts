/**
 * Compiles a topic pattern: segments are separated by dots, `*` stands for exactly one, `**` for any number, also none.
 * @returns whether a topic matches
 */
export function topicMatcher(pattern: string): (topic: string) => boolean {
  const parts = pattern.split('.');
  return (topic) => matches(parts, topic.split('.'), { part: 0, segment: 0 });
}

function matches(parts: string[], segments: string[], at: { part: number; segment: number }): boolean {
  let { part, segment } = at;
  for (; part < parts.length; part++, segment++) {
    if (parts[part] === '**') {
      for (let next = segment; next <= segments.length; next++) {
        if (matches(parts, segments, { part: part + 1, segment: next })) return true;
      }
      return false;
    }
    if (segment === segments.length || (parts[part] !== '*' && parts[part] !== segments[segment])) return false;
  }
  return segment === segments.length;
}
