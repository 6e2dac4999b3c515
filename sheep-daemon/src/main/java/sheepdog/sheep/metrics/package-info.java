/**
 * Every number a sheep tells about itself: {@link sheepdog.sheep.metrics.SheepMetrics}. The only package of the daemon,
 * beside {@code admin} and {@code main}, that sees the metrics library.
 */
package sheepdog.sheep.metrics;
