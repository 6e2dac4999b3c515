/**
 * Finds a Java that can run the program in this jar and runs it there. Start at {@link sheepdog.launcher.Launcher}. Runs on Java 8
 * and knows nothing of the program but the name of its main class.
 */
package sheepdog.launcher;
