/** VMs are NAME.nook. */
export const DOMAIN = 'nook';
