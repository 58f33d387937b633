//! Words by which mail programs introduce what they quote, in the languages they are commonly used in. Lower case.

/// `… wrote:`
pub(super) const WROTE: &[&str] = &[
    "wrote", "writes", "schrieb", "geschrieben", "a écrit", "à écrit", "escribió", "ha scritto", "scrive",
    "escreveu", "schreef", "geschreven", "skrev", "skrifaði", "napisał", "napisał(a)", "napisała", "napísal",
    "napsal", "написал", "написала", "пишет", "написав", "пише", "писал", "napisao", "je napisal", "a scris",
    "yazdı", "şunu yazdı", "έγραψε", "írta", "ezt írta", "kirjoitti", "kirjutas", "rakstīja", "rašė", "đã viết",
    "menulis", "写道", "寫道", "さんは書きました", "のメール", "님이 작성", "님이 씀", "כתב", "כתבה", "كتب", "เขียนว่า",
];

/// How such a line begins, before the date.
pub(super) const OPENERS: &[&str] = &[
    "on ", "am ", "le ", "el ", "il ", "lo ", "em ", "no dia ", "op ", "den ", "dnia ", "w dniu ", "dne ", "dňa ",
    "at ", "pe ", "în ", "στις ", "vào ", "pada ", "tarihinde ", "kl. ", "on: ", "в ", "від ", "在", "於", "em: ",
    "--", "mån", "man", "tir", "ons", "tor", "fre", "lör", "lør", "sön", "søn",
];

/// Names of weekdays and of what else may stand before a date without an opener, by their beginning.
pub(super) const DAYS: &[&str] = &[
    "mon", "tue", "wed", "thu", "fri", "sat", "sun", "mo.", "di.", "mi.", "do.", "fr.", "sa.", "so.", "montag",
    "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonntag", "lun", "mar", "mer", "jeu", "ven", "sam",
    "dim", "пон", "вто", "сре", "чет", "пят", "суб", "вос", "пн", "вт", "ср", "чт", "пт", "сб", "вс", "нд",
];

/// Between two rules of dashes: `-----Original Message-----`.
pub(super) const ORIGINAL: &[&str] = &[
    "original message", "original appointment", "reply message", "ursprüngliche nachricht", "originalnachricht",
    "original-nachricht", "ursprünglicher termin", "message d'origine", "message d’origine", "message original",
    "mensaje original", "messaggio originale", "mensagem original", "oorspronkelijk bericht",
    "oorspronkelijke bericht", "ursprungligt meddelande", "originalmeddelande", "oprindelig meddelelse",
    "opprinnelig melding", "oprindelig besked", "alkuperäinen viesti", "oryginalna wiadomość",
    "wiadomość oryginalna", "původní zpráva", "pôvodná správa", "исходное сообщение", "оригинальное сообщение",
    "оригінальне повідомлення", "eredeti üzenet", "mesajul original", "özgün ileti", "orijinal mesaj",
    "αρχικό μήνυμα", "thư gốc", "原始邮件", "原始郵件", "元のメッセージ", "원본 메시지", "הודעה מקורית", "الرسالة الأصلية",
];

/// What programs write above a mail that is passed on.
pub(super) const FORWARDED: &[&str] = &[
    "forwarded message", "begin forwarded message", "forwarded by", "weitergeleitete nachricht",
    "anfang der weitergeleiteten nachricht", "weitergeleitet von", "message transféré",
    "début du message transféré", "début du message réexpédié", "mensaje reenviado", "inicio del mensaje reenviado",
    "messaggio inoltrato", "inizio messaggio inoltrato", "mensagem encaminhada", "mensagem reencaminhada",
    "início da mensagem encaminhada", "doorgestuurd bericht", "begin doorgestuurd bericht",
    "vidarebefordrat meddelande", "vidarebefordrat brev", "videresendt meddelelse", "videresendt melding",
    "start på videresendt melding", "välitetty viesti", "wiadomość przekazana dalej", "przekazana wiadomość",
    "přeposlaná zpráva", "пересылаемое сообщение", "пересланное сообщение", "переслане повідомлення",
    "továbbított üzenet", "mesaj redirecționat", "iletilen ileti", "転送されたメッセージ", "转发的邮件", "轉寄的郵件", "전달된 메시지",
];

/// The first line of the headers that Outlook and others copy above the history.
pub(super) const FROM: &[&str] = &[
    "from", "von", "de", "da", "från", "fra", "van", "od", "od wysłane przez", "от", "від", "lähettäjä", "feladó",
    "de la", "gönderen", "kimden", "από", "từ", "dari", "发件人", "寄件者", "寄件人", "差出人", "보낸 사람", "מאת", "من",
    "expéditeur", "absender", "remitente", "mittente",
];

/// The others of them.
pub(super) const HEADERS: &[&str] = &[
    "sent", "date", "to", "cc", "bcc", "subject", "reply-to", "reply to", "attachments", "importance", "gesendet",
    "datum", "an", "kopie", "betreff", "antwort an", "antwort", "anlagen", "envoyé", "envoyé le", "à", "objet",
    "répondre à", "pièces jointes", "enviado", "enviado el", "enviada em", "enviado em", "fecha", "para", "asunto",
    "responder a", "data", "a", "oggetto", "inviato", "risposta", "rispondi a", "assunto", "verzonden", "aan",
    "onderwerp", "beantwoorden", "skickat", "till", "ämne", "sendt", "til", "emne", "lähetetty", "vastaanottaja",
    "aihe", "wysłano", "do", "dw", "temat", "odesláno", "komu", "předmět", "odoslané", "predmet", "отправлено",
    "дата", "кому", "копия", "тема", "надіслано", "küldve", "elküldve", "dátum", "címzett", "tárgy", "trimis",
    "către", "subiect", "gönderildi", "tarih", "kime", "konu", "στάλθηκε", "προς", "θέμα", "đã gửi", "đến",
    "chủ đề", "dikirim", "kepada", "发送时间", "日期", "收件人", "抄送", "主题", "寄件日期", "收件者", "副本", "主旨", "送信日時", "日付", "宛先",
    "件名", "보낸 날짜", "받는 사람", "참조", "제목", "נשלח", "אל", "נושא", "תאריך",
];

/// How the line begins that a phone or a mail program adds.
pub(super) const SENT: &[&str] = &[
    "sent from", "sent via", "sent with", "sent using", "sent by", "get outlook for", "get [outlook for",
    "get bluemail", "von meinem", "gesendet von", "gesendet mit", "gesendet aus", "von unterwegs gesendet",
    "diese nachricht wurde von", "envoyé depuis", "envoyé de mon", "envoyé avec", "envoyé à partir",
    "enviado desde", "enviado do", "enviado a partir", "enviado de", "inviato da", "inviato dal", "verzonden met",
    "verzonden vanaf", "verstuurd vanaf", "verstuurd met", "skickat från", "sendt fra", "lähetetty", "wysłane z",
    "wysłano z", "odesláno z", "odoslané z", "отправлено с", "отправлено из", "надіслано з", "küldve",
    "trimis de pe", "iphone'umdan gönderildi", "εστάλη από", "发自我的", "發自我的", "從我的", "从我的", "iphoneから送信",
    "나의 iphone", "yolladığım", "from my iphone", "from my ipad", "from my android", "from my mobile",
    "from my phone", "outlook für", "outlook for ios", "outlook for android",
];

/// Devices and programs: a short line with one of these and one of [`SENDING`] is such a signature too.
pub(super) const DEVICES: &[&str] = &[
    "iphone", "ipad", "ipod", "android", "blackberry", "galaxy", "samsung", "huawei", "xiaomi", "pixel", "htc",
    "windows phone", "mobile", "smartphone", "phone", "mobiltelefon", "mobilgerät", "handy", "k-9 mail",
    "thunderbird", "outlook", "airmail", "protonmail", "proton mail", "bluemail", "windows mail", "yahoo mail",
];

pub(super) const SENDING: &[&str] = &[
    "sent from", "sent by", "sent via", "from mobile", "from my", "gesendet", "envoyé", "enviado", "inviato", "傳送",
    "送信", "发送",
];
