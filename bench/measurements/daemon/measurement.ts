/** As `--only` names it. */
export const measurement = 'daemon';
