/**
 * Frequent misspellings in English student writing, in lower case. Only what is never a word belongs here:
 * "its", "were", "wont" and "preform" are words, so they are left out although they are often slips;
 * "cant" is here because the slip is far more frequent than the word.
 */
const LIST = `
  absense acceptible accidently accomodate acheive acheived adress agressive allways alot amature apparant
  arguement athority avrage basicly beacuse beatiful beautifull becasue becaus beccause becuase becuse
  begining beleive beleived belive benifit benifits boaring brekfast buisness cant carefull
  catagory cheif childeren collegue comming commited concious consience coud couldnt coulnt curiousity
  decison definately definatly definetly definitly depresion desicion diferent differant diffrence diffrent
  dificult dissapear dissapoint dissapointed doesnt dont embarass embarassing enoght enougth enviroment
  enviromental especialy everbody everone evning evry evrybody evryone evrything excercise exellent
  existance experiance explaination familar finaly foriegn fourty freind freindly freinds freindship frend
  frends frist gaurd goverment grammer gratefull greatful guarentee happend happenned havent higth hisself
  hopefull humerous hygene idenity imediately immediatly importent improvment independant infact
  inorder intellegent intresting isnt knowlege lable labratory langauge lern lerned lerning liason libary
  lisen lisening littel lonley maintainance maintenence makeing marrage millenium mischievious misspel
  moring morining mornning mounth neccesary neccessary necesary nessecary nieghbor noticable occured
  occurence ofcourse offically oppertunity oppurtunity ourselfs parrents particulary peice peole
  peopel pepole perfomance persue poeple posible possable prefered privelege probally probaly probelm
  problably prolly pronounciation realy reccomend recieve recieved recomend refered relevent religous
  remeber reson resons resturant rythm safty scedule schedual scholl scool sence sentance seperate
  seperately shoud shouldnt shoulnt similiar sincerly skool somthing somtimes speach stoped strenght studing
  studys succesful succesfull successfull suprise suprised suprising swiming teached teachs tecnology teh
  tempature thats theif theirselves themself themselfs theyre thier thoght thougth threwout tierd togather
  togeather togehter tommorow tommorrow tomorow tounge truely tryed twelth undestand unfortunatly untill
  usally usefull useing usualy vaccum vegatable wasnt wheather wich wierd woud wouldnt wouldve writen
  writting wrok yesturday youre
`;

export const ENGLISH_MISSPELLINGS: ReadonlySet<string> = new Set(LIST.trim().split(/\s+/));
