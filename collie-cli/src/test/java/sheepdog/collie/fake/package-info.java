/**
 * A cluster to test against: {@link sheepdog.collie.fake.FakeCluster} answers on loopback, through the real codecs, out
 * of a small model in memory; {@link sheepdog.collie.fake.Run} runs collie on it; {@link sheepdog.collie.fake.Golden}
 * replays recorded commands.
 */
package sheepdog.collie.fake;
