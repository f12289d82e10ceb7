export { type CallOptions, type ClientOptions, createClient, type NookClient } from './client.ts';
export { type ConnectOptions, connectOrStart } from './connect-or-start.ts';
export { daemonCommand } from './daemon-command.ts';
