/**
 * What collie says to sheep and hears from them, over plain blocking calls: {@link sheepdog.collie.client.SheepClient}
 * carries single requests over TCP or a unix socket, {@link sheepdog.collie.client.Cluster} knows the conversations
 * that several commands share, with the complaints that belong to them. The only package that sees a socket.
 */
package sheepdog.collie.client;
