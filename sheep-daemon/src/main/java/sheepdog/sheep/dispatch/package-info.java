/**
 * Admits requests, runs them, answers them. Start with {@link sheepdog.sheep.dispatch.Dispatcher}; what can be asked at
 * all is {@link sheepdog.sheep.dispatch.Operations}. It must not know any feature: {@code main} joins them in the table.
 */
package sheepdog.sheep.dispatch;
