/**
 * What a scraper and a load balancer ask over HTTP: {@link sheepdog.sheep.admin.AdminServer}. Reads immutable copies that
 * the loop makes; changes nothing.
 */
package sheepdog.sheep.admin;
