-- Private: a reply of a server without whom it is about, so that alike ones are the same: addresses and numbers are
-- blotted out, and the name before the @ of the recipient's address wherever it stands as a word.
CREATE OR REPLACE FUNCTION heed_data.blotted(reply text, address text)
RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $function$
    SELECT left(regexp_replace(
        CASE WHEN length(said.mailbox) >= 3 AND strpos(said.text, said.mailbox) > 0
            THEN regexp_replace(said.text,
                '(?<!\w)' || regexp_replace(said.mailbox, '([^[:alnum:]])', '\\\1', 'g') || '(?!\w)', '<address>', 'g')
            ELSE said.text
        END, '[[:xdigit:].:-]*[0-9][[:xdigit:].:-]*', '#', 'g'), 300)
    FROM (
        SELECT regexp_replace(lower(reply), '<?[^[:space:]<>@]+@[^[:space:]<>@]+>?', '<address>', 'g') AS text,
            lower(split_part(address, '@', 1)) AS mailbox
    ) AS said
$function$;
