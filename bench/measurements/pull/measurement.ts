export const measurement = 'pull';
