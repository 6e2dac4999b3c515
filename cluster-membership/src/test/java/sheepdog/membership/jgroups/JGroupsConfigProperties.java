package sheepdog.membership.jgroups;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.CharRange;
import net.jqwik.api.constraints.Chars;
import net.jqwik.api.constraints.StringLength;

final class JGroupsConfigProperties {
    @Property
    void anyTextIsParsedOrRefusedByName(
            @ForAll
                    @StringLength(max = 40)
                    @Chars({'=', ',', ':', '.', '-', 'b', 'i', 'n', 'd', 'm', 'c', 'a', 's', 't', 'p', 'l', ' '})
                    @CharRange(from = '0', to = '9')
                    String text) {
        try {
            JGroupsConfig.parse(text);
        } catch (IllegalArgumentException refused) {
            if (!refused.getMessage().startsWith("jgroups: ")) {
                throw refused;
            }
        }
    }
}
