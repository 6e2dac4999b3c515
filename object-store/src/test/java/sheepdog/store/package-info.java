/** What holds for the module as a whole. */
package sheepdog.store;
