/** The project's own scripts, with other programs than the real ones beside them. */
package sheepdog.it.scripts;
